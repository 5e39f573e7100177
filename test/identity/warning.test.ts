// Warnings are short lines of printable ASCII, whatever they quote.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { annotationWarning, fitWarning, maxWarningLength, quote } from '../../src/identity/warning.ts';

/** Every UTF-16 unit, broken surrogates too, and now and then very much of it. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.nat(0xffff), { maxLength: 60 }).map((units) => String.fromCharCode(...units)),
  fc
    .tuple(fc.constantFrom('a', '"', '\\', '\n', '\u0000', '\u2028', '\ud800', '\u{1f512}'), fc.nat(5000))
    .map(([text, times]) => text.repeat(times)),
);

const quotes: readonly (readonly [text: string, expected: string])[] = [
  ['', '""'],
  ['!#{|}~', '"!#{|}~"'],
  ['0123456789', '"0123456789"'],
  ['0123456789a', '"0123456789..."'],
  ['a"b\\c', String.raw`"a\"b\\c"`],
  ['a\nb\u0000\u007f', String.raw`"a\nb\u0000\u007f"`],
  ['\u00e9\u2028', String.raw`"\u00e9\u2028"`],
  ['\u{1f512}', String.raw`"\ud83d\udd12"`],
  ['\ud800', String.raw`"\ud800"`],
  ['123456789\u{1f512}', String.raw`"123456789\ud83d..."`],
  ['x'.repeat(1_000_000), '"xxxxxxxxxx..."'],
];

describe('identity/warning', () => {
  for (const [text, expected] of quotes) {
    it(`quotes ${JSON.stringify(text.slice(0, 20))} as ${expected}`, () => {
      assert.equal(quote(text, 10), expected);
    });
  }

  it('a quote is as long as it can be in a line that fits', () => {
    const found = 'v'.repeat(50);
    const write = (length: number) => fitWarning((quoted) => `${'x'.repeat(length)}${quote(found, quoted)}`);
    assert.equal(write(70), `${'x'.repeat(70)}"${'v'.repeat(40)}..."`);
    assert.equal(write(76), `${'x'.repeat(76)}"${'v'.repeat(20)}..."`);
    assert.equal(write(96), `${'x'.repeat(96)}"${'v'.repeat(8)}..."`);
    assert.equal(write(118), `${'x'.repeat(117)}...`);
  });

  it('the prefix of the annotation goes first when the line is too long', () => {
    const fault = {
      owner: 'pod',
      name: 'token-expiration',
      found: 'x'.repeat(99),
      problem: 'p',
      consequence: 'c',
    } as const;
    assert.equal(
      annotationWarning({ ...fault, annotationPrefix: 'a.example.com' }),
      `pod annotation a.example.com/token-expiration: "${'x'.repeat(40)}..." p; c`,
    );
    assert.equal(
      annotationWarning({ ...fault, annotationPrefix: `${'a'.repeat(60)}.example.com` }),
      'pod annotation token-expiration: "xxxxxxxx..." p; c',
    );
  });

  it('every warning is one line of printable ASCII that fits, whatever it is made of', () => {
    const faults = fc.record({
      owner: fc.constantFrom('account', 'pod'),
      annotationPrefix: anyText,
      name: anyText,
      found: anyText,
      problem: anyText,
      consequence: anyText,
    });
    fc.assert(
      fc.property(faults, (fault) => {
        const warning = annotationWarning(fault);
        assert.match(warning, /^[ -~]+$/);
        assert.ok(warning.length <= maxWarningLength, String(warning.length));
      }),
      { numRuns: 1000 },
    );
  });
});
