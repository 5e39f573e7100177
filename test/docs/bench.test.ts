// Holds the figures and images of docs/performance.md to the run whose JSON stands beside them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { documentsOf, publishedResult } from '../bench/plot/documents.ts';
import { projectFolder } from '../program.ts';

describe('the documents of the benchmark', () => {
  const result = publishedResult();

  it('tell of a full run, with a load at a rate, in which the server had a core of its own', () => {
    assert.equal(result.plan.isQuick, false);
    assert.ok(result.paced.length > 0);
    assert.equal(result.machine.isPinned, true);
  });

  it('have figures and images as that run gives them', () => {
    for (const [path, text] of documentsOf(result)) {
      const hint = `${relative(projectFolder, path)}: npm run bench:plot -- docs/performance/bench.json`;
      assert.equal(readFileSync(path, 'utf8'), text, hint);
    }
  });
});
