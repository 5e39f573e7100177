// Holds the reading of numbers and booleans to Go's strconv.
import assert from 'node:assert/strict';
import { parseBool, parseInt64 } from '../../src/identity/go-literals.ts';

/** What Go 1.26's `strconv.ParseInt(text, 10, 64)` returns; undefined where that is an error. */
const integers: readonly (readonly [text: string, value: bigint | undefined])[] = [
  ['', undefined],
  ['0', 0n],
  ['-0', 0n],
  ['+0', 0n],
  ['+', undefined],
  ['-', undefined],
  ['900', 900n],
  ['+900', 900n],
  ['0900', 900n],
  ['000', 0n],
  [' 900', undefined],
  ['900 ', undefined],
  ['900\n', undefined],
  ['1e3', undefined],
  ['1_000', undefined],
  ['900.0', undefined],
  ['0x10', undefined],
  ['0b1', undefined],
  ['0o7', undefined],
  ['++9', undefined],
  ['+-9', undefined],
  ['--9', undefined],
  ['-5', -5n],
  ['٣', undefined],
  ['９', undefined],
  ['1,000', undefined],
  ['NaN', undefined],
  ['Infinity', undefined],
  ['9223372036854775807', 9223372036854775807n],
  ['9223372036854775808', undefined],
  ['-9223372036854775808', -9223372036854775808n],
  ['-9223372036854775809', undefined],
  ['+9223372036854775807', 9223372036854775807n],
  ['00000000000000000000000000000000600', 600n],
  ['99999999999999999999', undefined],
  ['18446744073709551615', undefined],
  ['-00000000000000000000000009223372036854775808', -9223372036854775808n],
  ['9007199254740993', 9007199254740993n],
  ['null', undefined],
  ['true', undefined],
  ['\u0000', undefined],
  ['6 00', undefined],
  ['600s', undefined],
];

/** What Go 1.26's `strconv.ParseBool(text)` returns; undefined where that is an error. */
const booleans: readonly (readonly [text: string, value: boolean | undefined])[] = [
  ['1', true],
  ['t', true],
  ['T', true],
  ['TRUE', true],
  ['true', true],
  ['True', true],
  ['0', false],
  ['f', false],
  ['F', false],
  ['FALSE', false],
  ['false', false],
  ['False', false],
  ['tRUE', undefined],
  ['TrUe', undefined],
  ['fALSE', undefined],
  ['yes', undefined],
  ['no', undefined],
  ['on', undefined],
  ['off', undefined],
  ['', undefined],
  [' ', undefined],
  [' true', undefined],
  ['true ', undefined],
  ['true\n', undefined],
  ['2', undefined],
  ['-1', undefined],
  ['01', undefined],
  ['10', undefined],
  ['y', undefined],
  ['n', undefined],
  ['Y', undefined],
  ['null', undefined],
  ['\u0442rue', undefined],
];

describe('identity/go-literals', () => {
  for (const [text, value] of integers) {
    it(`integer ${JSON.stringify(text)}: ${String(value)}`, () => {
      assert.equal(parseInt64(text), value);
    });
  }

  for (const [text, value] of booleans) {
    it(`boolean ${JSON.stringify(text)}: ${String(value)}`, () => {
      assert.equal(parseBool(text), value);
    });
  }

  // As long as an annotation can be. Were the reading quadratic, these would run into the time limit of a test.
  const zeros = '0'.repeat(300_000);
  const long: readonly (readonly [what: string, text: string, value: bigint | undefined])[] = [
    ['zeros', zeros, 0n],
    ['zeros and a number', `-${zeros}600`, -600n],
    ['zeros and an x', `${zeros}x`, undefined],
    ['nines', '9'.repeat(300_000), undefined],
    ['signs', '-'.repeat(300_000), undefined],
  ];
  for (const [what, text, value] of long) {
    it(`300 KB of ${what}: ${String(value)}`, () => {
      assert.equal(parseInt64(text), value);
    });
  }
});
