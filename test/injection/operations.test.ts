// Pointers and additions, as RFC 6901 and RFC 6902 have them.
import assert from 'node:assert/strict';
import { append, pointer, prepend } from '../../src/injection/operations.ts';

const pointers: readonly (readonly [segments: readonly (string | number)[], expected: string])[] = [
  [[], ''],
  [[''], '/'],
  [['spec', 'containers', 0, 'env'], '/spec/containers/0/env'],
  [['a/b'], '/a~1b'],
  [['m~n'], '/m~0n'],
  [['~1'], '/~01'],
  [['/~/~'], '/~1~0~1~0'],
  [['$&', '"', ' '], '/$&/"/ '],
];

describe('injection/operations', () => {
  for (const [segments, expected] of pointers) {
    it(`pointer of ${JSON.stringify(segments)}: ${expected}`, () => {
      assert.equal(pointer(...segments), expected);
    });
  }

  it('append: one operation a value, behind what is there', () => {
    assert.deepEqual(append('/a', true, [1, 2]), [
      { op: 'add', path: '/a/-', value: 1 },
      { op: 'add', path: '/a/-', value: 2 },
    ]);
  });

  it('append: the first operation makes the array', () => {
    assert.deepEqual(append('/a', false, [1, 2]), [
      { op: 'add', path: '/a', value: [1] },
      { op: 'add', path: '/a/-', value: 2 },
    ]);
  });

  it('append: no values, no operations, and no empty array', () => {
    assert.deepEqual(append('/a', false, []), []);
  });

  it('prepend: in front of what is there', () => {
    assert.deepEqual(prepend('/a', true, 1), { op: 'add', path: '/a/0', value: 1 });
  });

  it('prepend: makes the array', () => {
    assert.deepEqual(prepend('/a', false, 1), { op: 'add', path: '/a', value: [1] });
  });
});
