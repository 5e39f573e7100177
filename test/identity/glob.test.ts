// Patterns of names: what they match, and that none of them takes long.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { compileGlob, matchesGlob } from '../../src/identity/glob.ts';

const rows: readonly (readonly [pattern: string, matched: readonly string[], unmatched: readonly string[]])[] = [
  ['', [''], ['a']],
  ['app', ['app'], ['', 'ap', 'apps', 'xapp', 'App']],
  ['*', ['', 'a', '*', 'a/b', '\n', '\u{1f512}'], []],
  ['**', ['', 'a'], []],
  ['team-*', ['team-', 'team-a', 'team-*'], ['team', 'xteam-a']],
  ['*-app', ['-app', 'x-app'], ['app', 'x-apps']],
  ['a*b', ['ab', 'aab', 'axb', 'abb'], ['a', 'b', 'abc']],
  ['aba*aba', ['abaaba', 'aba-aba'], ['aba', 'ababa']],
  ['a*b*c', ['abc', 'a-b-c', 'abbc', 'abcbc'], ['ac', 'acb', 'abcb']],
  ['*ab*', ['ab', 'xab', 'aab', 'abx'], ['', 'a', 'ba']],
  ['*aab*aac', ['aaabaac', 'aabaabaac'], ['aabaac'.slice(1), 'aabac']],
  ['*abab*abac*', ['abababac', 'xabab-abacx'], ['abab', 'ababac']],
  ['x*yz*yz', ['xyzyz', 'x-yz-yz'], ['xyz', 'xyzy']],
  ['a.c', ['a.c'], ['abc']],
  ['[a-z]+', ['[a-z]+'], ['a']],
  ['(a|b)*', ['(a|b)', '(a|b)x'], ['a']],
  [String.raw`\*`, ['\\', '\\x'], ['*']],
  ['a?', ['a?'], ['ab']],
  ['__proto__', ['__proto__'], ['']],
];

/** Tries every run of characters for the first wildcard. */
function matchesNaively(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (!pattern.startsWith('*')) return pattern[0] === text[0] && matchesNaively(pattern.slice(1), text.slice(1));
  return Array.from({ length: text.length + 1 }, (_, run) => run).some((run) =>
    matchesNaively(pattern.slice(1), text.slice(run)),
  );
}

function matches(pattern: string, text: string): boolean {
  return matchesGlob(compileGlob(pattern), text);
}

function count(pattern: string): readonly number[] {
  const { literalLength, wildcards } = compileGlob(pattern);
  return [literalLength, wildcards];
}

function fewLetters(units: readonly string[], maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...units), maxLength });
}

describe('identity/glob', () => {
  for (const [pattern, matched, unmatched] of rows) {
    it(`${JSON.stringify(pattern)} matches what it should and no more`, () => {
      for (const text of matched) assert.equal(matches(pattern, text), true, JSON.stringify(text));
      for (const text of unmatched) assert.equal(matches(pattern, text), false, JSON.stringify(text));
    });
  }

  it('literal characters and runs of wildcards are counted', () => {
    assert.deepEqual(count(''), [0, 0]);
    assert.deepEqual(count('app'), [3, 0]);
    assert.deepEqual(count('*'), [0, 1]);
    assert.deepEqual(count('a***b*cd'), [4, 2]);
  });

  it('matches as trying every possibility does', () => {
    // Few letters, so that parts of the pattern overlap with each other and with the text.
    fc.assert(
      fc.property(fewLetters(['a', 'b', '*'], 9), fewLetters(['a', 'b'], 14), (pattern, text) => {
        assert.equal(matches(pattern, text), matchesNaively(pattern, text));
      }),
      { numRuns: 5000 },
    );
  });

  it('a text is matched by itself with any of its parts replaced', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.integer({ min: 1, max: 4 }), (parts, every) => {
        const pattern = parts.map((part, index) => (index % every === 0 ? '*' : part)).join('');
        assert.equal(matches(pattern, parts.join('')), true);
      }),
    );
  });

  const million = 1_000_000;
  const slow: readonly (readonly [what: string, pattern: string, text: string, expected: boolean])[] = [
    ['many wildcards', '*a'.repeat(million / 2) + 'b', 'a'.repeat(million), false],
    ['only wildcards', '*'.repeat(million), 'a'.repeat(million), true],
    ['a long middle that nearly matches', `*${'a'.repeat(million / 2)}b*`, 'a'.repeat(million), false],
    ['a long middle that nearly matches from its end', `*b${'a'.repeat(million / 2)}*`, 'a'.repeat(million), false],
    ['long middles that match', `*${'a'.repeat(million / 4)}*${'a'.repeat(million / 4)}*`, 'a'.repeat(million), true],
  ];
  for (const [what, pattern, text, expected] of slow) {
    it(`takes no long time for a megabyte with ${what}`, () => {
      const start = performance.now();
      assert.equal(matches(pattern, text), expected);
      // Some 30 ms here; anything that goes back takes minutes.
      assert.ok(performance.now() - start < 2000);
    });
  }
});
