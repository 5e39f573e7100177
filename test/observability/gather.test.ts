// Things are handed on together: by their number, by their age, and at the end.
import assert from 'node:assert/strict';
import { gather, type Gathered, type GatherLimits } from '../../src/observability/gather.ts';
import { eventually } from '../kubernetes/eventually.ts';

function start(limits: Partial<GatherLimits>): Gathered<string> & { readonly passed: (readonly string[])[] } {
  const passed: (readonly string[])[] = [];
  const things = gather<string>((list) => passed.push(list), { count: 1_000, ageMs: 60_000, ...limits });
  return { ...things, passed };
}

describe('observability/gather', () => {
  it('hands things on when they are so many, in order, and those after them by themselves', () => {
    const { add, flush, passed } = start({ count: 3 });
    for (const thing of ['a', 'b', 'c', 'd']) add(thing);
    assert.deepEqual(passed, [['a', 'b', 'c']]);
    flush();
    assert.deepEqual(passed, [['a', 'b', 'c'], ['d']]);
  });

  it('hands things on when the first of them is old enough, again and again', async () => {
    const { add, passed } = start({ ageMs: 5 });
    for (const count of [1, 2]) {
      add(String(count));
      assert.equal(passed.length, count - 1, 'not at once');
      // The timer keeps no process alive, so something else has to.
      await eventually('the things', () => passed.length === count);
    }
    assert.deepEqual(passed, [['1'], ['2']]);
  });

  it('hands things on at once where that is asked for; nothing is none', () => {
    const { add, flush, passed } = start({});
    flush();
    add('a');
    flush();
    flush();
    assert.deepEqual(passed, [['a']]);
  });
});
