// Holds the reading of skip-containers to Go's encoding/csv.
import assert from 'node:assert/strict';
import { parseContainerNames } from '../../src/identity/container-names.ts';

/** What Go 1.26's `csv.NewReader(text).Read()` returns, without repetitions; undefined where that is an error. */
const rows: readonly (readonly [text: string, names: readonly string[] | undefined])[] = [
  ['', []],
  ['app', ['app']],
  ['app,web', ['app', 'web']],
  ['app, web', ['app', ' web']],
  [' app ,web ', [' app ', 'web ']],
  ['app,app', ['app']],
  [',', ['']],
  [',,', ['']],
  ['app,', ['app', '']],
  [',app', ['', 'app']],
  [' ', [' ']],
  ['\t', ['\t']],
  ['a\tb', ['a\tb']],
  ['app;web', ['app;web']],
  ['#app', ['#app']],
  ["'app'", ["'app'"]],
  ['app\\,web', ['app\\', 'web']],
  ['é,\u0000', ['é', '\u0000']],
  ['__proto__,constructor', ['__proto__', 'constructor']],
  ['"app"', ['app']],
  ['"app","web"', ['app', 'web']],
  ['"a,b"', ['a,b']],
  ['"a""b"', ['a"b']],
  ['""""', ['"']],
  ['"""a"""', ['"a"']],
  ['""', ['']],
  ['"",a', ['', 'a']],
  ['a,""', ['a', '']],
  ['"a\nb"', ['a\nb']],
  ['"a\n\nb",c', ['a\n\nb', 'c']],
  ['"a\r\nb"', ['a\nb']],
  ['"a\rb"', ['a\rb']],
  ['" a "', [' a ']],
  ['","', [',']],
  ['"\n"', ['\n']],
  ['a"', undefined],
  ['a"b', undefined],
  ['a"b"', undefined],
  [' "a"', undefined],
  ['"a"b', undefined],
  ['"a" ', undefined],
  ['"a" ,b', undefined],
  ['"a""', undefined],
  ['"', undefined],
  ['"a', undefined],
  ['"a,b', undefined],
  ['a,"b', undefined],
  ['"a"\r', ['a']],
  ['"a\r', undefined],
  ['"a"\rb', undefined],
  ['"a"\r\nb', ['a']],
  ['"a"\n"b', ['a']],
  ['""a', undefined],
  ['\n', []],
  ['\n\n\n', []],
  ['\r\n', []],
  ['\r', []],
  ['\r\r', ['\r']],
  ['\napp', ['app']],
  ['\n\r\n\napp', ['app']],
  ['\rapp', ['\rapp']],
  ['app\r', ['app']],
  ['app\r\r', ['app\r']],
  ['app\r\n', ['app']],
  ['app\r\r\n', ['app\r']],
  ['app\rweb', ['app\rweb']],
  ['app\nweb', ['app']],
  ['app\r\nweb', ['app']],
  ['app\n"', ['app']],
  ['a,b\nc,d', ['a', 'b']],
  ['\n \napp', [' ']],
  ['app,\nweb', ['app', '']],
  ['\n\r', []],
  ['\n,\r', ['']],
];

describe('injection/skip-containers', () => {
  for (const [text, names] of rows) {
    it(`${JSON.stringify(text)}: ${names === undefined ? 'malformed' : JSON.stringify(names)}`, () => {
      const skipped = parseContainerNames(text);
      assert.deepEqual(skipped && [...skipped], names);
    });
  }

  // As long as an annotation can be. Were the reading quadratic, these would run into the time limit of a test.
  const long: readonly (readonly [what: string, text: string, size: number | undefined])[] = [
    ['names', Array.from({ length: 36_000 }, (_, index) => `c${String(index)}`).join(','), 36_000],
    ['empty names', ','.repeat(250_000), 1],
    ['quoted names', '"a",'.repeat(62_000), 2],
    ['quotes in one name', `"${'""'.repeat(125_000)}"`, 1],
    ['an open quote', `"${'""'.repeat(125_000)}`, undefined],
    ['empty lines', '\n'.repeat(250_000), 0],
    ['empty lines of Windows', '\r\n'.repeat(125_000), 0],
    ['carriage returns', `${'\r'.repeat(250_000)}x`, 1],
  ];
  for (const [what, text, size] of long) {
    it(`250 KB of ${what}`, () => {
      assert.equal(parseContainerNames(text)?.size, size);
    });
  }

  it('longer than all annotations of an object may be together: malformed, and not read', () => {
    assert.deepEqual(
      parseContainerNames(`${'a'.repeat(256 * 1024 - 2)},b`),
      new Set(['a'.repeat(256 * 1024 - 2), 'b']),
    );
    assert.equal(parseContainerNames(`${'a'.repeat(256 * 1024 - 1)},b`), undefined);
  });
});
