// What somebody may write into an annotation who means no good.
import * as fc from 'fast-check';

/** One of each kind: control characters, line breaks, NUL, broken Unicode, names that every object has, paths, size. */
export const hostileTexts: readonly string[] = [
  '',
  ' ',
  '\n',
  'a\nb',
  '\r\n',
  '\t',
  '\u0000',
  'a\u0000b',
  '\u001b[31m',
  '\u007f',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\u{1f512}',
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  '"',
  '\\',
  '{"__proto__":{"a":"b"}}',
  '['.repeat(100_000),
  'a'.repeat(1_000_000),
  '"'.repeat(1_000_000),
  '\u0000'.repeat(1_000_000),
  ','.repeat(1_000_000),
];

/** Makes short texts of any characters. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...hostileTexts.filter(({ length }) => length < 100)),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

/** Returns a text in a form that fits into the title of a test. */
export function titleOf(text: string): string {
  return text.length > 40 ? `${String(text.length)} of ${JSON.stringify(text[0])}` : JSON.stringify(text);
}
