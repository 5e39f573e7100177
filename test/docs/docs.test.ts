// Holds the documents to the code: flags, annotations, outcomes, links.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { outcomeSentences } from '../../src/admission/outcomes.ts';
import { serveFlags } from '../../src/commands/flags.ts';
import { annotationNames } from '../../src/identity/annotations.ts';
import { flagsTable } from './flags-table.ts';

const root = join(import.meta.dirname, '..', '..');

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function firstCells(section: string): string[] {
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1] ?? '');
}

describe('the documents', () => {
  it('have every flag in the README, as the code has it', () => {
    const written = /<!-- flags -->\n\n([^]*?)\n\n<!-- \/flags -->/.exec(read('README.md'))?.[1];
    assert.equal(written, flagsTable(serveFlags), 'put this table into the README');
  });

  it('have every annotation in the README, and no other', () => {
    const section = /## Annotations\n([^]*?)\n## /.exec(read('README.md'))?.[1] ?? '';
    assert.deepEqual(firstCells(section).toSorted(), Object.values(annotationNames).toSorted());
  });

  it('have every outcome with its sentence in docs/outcomes.md, in the order of the code', () => {
    const rows = [...read('docs/outcomes.md').matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)];
    const written = rows.filter(([, word = '']) => !word.includes(' ')).map(([, word, sentence]) => [word, sentence]);
    assert.deepEqual(written, Object.entries(outcomeSentences));
  });

  it('link only to files that there are', () => {
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.md') && !/(^|\/)(node_modules|dist)\//.test(file),
    );
    const links = files.flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map((match) => ({ file, target: match[1] ?? '' })),
    );
    assert.ok(links.length > 10, 'there are links to look at');
    assert.deepEqual(
      links.filter(({ file, target }) => !existsSync(join(root, dirname(file), target))),
      [],
    );
  });
});
