// Lines are handed on together: by their number, by their age, and at the end.
import assert from 'node:assert/strict';
import { type GatheredLines, gatherLines, type GatherLimits } from '../../src/observability/gathered-lines.ts';
import { eventually } from '../kubernetes/eventually.ts';

function gather(limits: Partial<GatherLimits>): GatheredLines & { readonly passed: string[] } {
  const passed: string[] = [];
  return { ...gatherLines((text) => passed.push(text), { characters: 1_000, ageMs: 60_000, ...limits }), passed };
}

describe('observability/gathered-lines', () => {
  it('are handed on at so many characters, in order, and those after them by themselves', () => {
    const lines = gather({ characters: 6 });
    for (const line of ['a\n', 'b\n', 'c\n', 'd\n']) lines.write(line);
    assert.deepEqual(lines.passed, ['a\nb\nc\n']);
    lines.flush();
    assert.deepEqual(lines.passed, ['a\nb\nc\n', 'd\n']);
  });

  it('are handed on when the first of them is old enough, again and again', async () => {
    const lines = gather({ ageMs: 5 });
    for (const count of [1, 2]) {
      lines.write(`${String(count)}\n`);
      assert.equal(lines.passed.length, count - 1, 'not at once');
      // The timer keeps no process alive, so something else has to.
      await eventually('the lines', () => lines.passed.length === count);
    }
    assert.deepEqual(lines.passed, ['1\n', '2\n']);
  });

  it('are handed on at once where that is asked for; nothing is none', () => {
    const lines = gather({});
    lines.flush();
    lines.write('a\n');
    lines.flush();
    lines.flush();
    assert.deepEqual(lines.passed, ['a\n']);
  });
});
