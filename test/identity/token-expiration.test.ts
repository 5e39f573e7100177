// The lifetimes that are used for those that are asked for.
import assert from 'node:assert/strict';
import { parseTokenExpiration, type TokenExpiration } from '../../src/identity/token-expiration.ts';

const fallbackSeconds = 86400;
const low = 'is below the minimum';
const high = 'is above the maximum';
const wrong = 'is not a whole number of seconds';

const rows: readonly (readonly [text: string, expected: TokenExpiration])[] = [
  ['600', { seconds: 600 }],
  ['601', { seconds: 601 }],
  ['+900', { seconds: 900 }],
  ['0900', { seconds: 900 }],
  ['86400', { seconds: 86400 }],
  ['4294967296', { seconds: 4294967296 }],
  ['599', { seconds: 600, problem: low }],
  ['0', { seconds: 600, problem: low }],
  ['-3600', { seconds: 600, problem: low }],
  ['-9223372036854775808', { seconds: 600, problem: low }],
  ['4294967297', { seconds: 4294967296, problem: high }],
  ['9223372036854775807', { seconds: 4294967296, problem: high }],
  ['9223372036854775808', { seconds: fallbackSeconds, problem: wrong }],
  ['-9223372036854775809', { seconds: fallbackSeconds, problem: wrong }],
  ['', { seconds: fallbackSeconds, problem: wrong }],
  [' 900', { seconds: fallbackSeconds, problem: wrong }],
  ['1e3', { seconds: fallbackSeconds, problem: wrong }],
  ['900.0', { seconds: fallbackSeconds, problem: wrong }],
  ['1h', { seconds: fallbackSeconds, problem: wrong }],
];

describe('identity/token-expiration', () => {
  for (const [text, expected] of rows) {
    it(`${JSON.stringify(text)}: ${String(expected.seconds)} ${expected.problem ?? ''}`, () => {
      assert.deepEqual(parseTokenExpiration(text, fallbackSeconds), expected);
    });
  }
});
