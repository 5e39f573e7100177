// Deep JSON is told from JSON that only looks deep.
import assert from 'node:assert/strict';
import { array, assert as check, constantFrom, integer, json, property } from 'fast-check';
import { createDepthWatch, isTooDeep } from '../../src/admission/json-depth.ts';

/** Long enough to be looked at. */
const padding = ' '.repeat(16_384);

function nest(depth: number, open = '[', close = ']'): string {
  return padding + open.repeat(depth) + close.repeat(depth);
}

function piecesOf(text: string, size: number): Uint8Array[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

describe('admission/json-depth', () => {
  it('takes a thousand levels of lists, objects or both, and no more', () => {
    assert.deepEqual([isTooDeep(nest(1_000)), isTooDeep(nest(1_001))], [false, true]);
    assert.deepEqual([isTooDeep(nest(1_000, '{"a":', '}')), isTooDeep(nest(1_001, '{"a":', '}'))], [false, true]);
    assert.deepEqual([isTooDeep(nest(500, '[{"a":', '}]')), isTooDeep(nest(501, '[{"a":', '}]'))], [false, true]);
  });

  it('finds depth that never ends, and behind what has ended', () => {
    assert.equal(isTooDeep(`${padding}${'['.repeat(1_001)}`), true);
    assert.equal(isTooDeep(`${padding}[${'[],'.repeat(5_000)}${'['.repeat(1_000)}`), true);
  });

  it('counts nothing in strings, with whatever quotes and backslashes in them', () => {
    const brackets = '['.repeat(2_000);
    for (const text of [brackets, `"${brackets}`, `\\${brackets}`, `\\"${brackets}\\`, `${brackets}\\\\"`]) {
      assert.equal(isTooDeep(`${padding}{"a":${JSON.stringify(text)}}`), false, text.slice(0, 3));
    }
    assert.equal(isTooDeep(`${padding}["\\\\",${brackets}`), true);
    assert.equal(isTooDeep(`${padding}"${brackets}`), false);
  });

  it('is not asked of short texts, which parse in no time', () => {
    assert.equal(isTooDeep('['.repeat(16_384)), false);
  });

  it('is told of a text in pieces as of the whole', () => {
    const words = ['[', ']', '{', '}', '"', '\\', 'a', 'é'];
    check(
      property(
        array(constantFrom(...words, '['.repeat(400), ']'.repeat(300), '"['), { maxLength: 60 }),
        integer({ min: 1, max: 700 }),
        (parts, size) => {
          const text = padding + parts.join('');
          const watch = createDepthWatch();
          assert.equal(
            piecesOf(text, size).some((piece) => watch(piece)),
            isTooDeep(text),
          );
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('never takes JSON of few levels for deep', () => {
    check(
      property(json({ maxDepth: 8 }), (text) => {
        assert.equal(isTooDeep(`[${Array.from({ length: 2_000 }, () => text).join()}]${padding}`), false);
      }),
      { numRuns: 200 },
    );
  });
});
