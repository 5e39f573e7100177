// Lifetimes are spread over their range, and the same names always get the same one.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { jitteredExpirationSeconds, spreadExpirationOf } from '../../src/identity/token-jitter.ts';

const min = 79_200;
const max = 86_400;

describe('identity/token-jitter', () => {
  it('only 86400 is spread', () => {
    for (const seconds of [0, 600, 79_200, 86_399, 86_401, 2 ** 32]) {
      assert.equal(jitteredExpirationSeconds(seconds, 'a/b/c'), seconds);
    }
  });

  it('a seed has its value, in this version and the next', () => {
    // Pods that are made while replicas are replaced get the same from old and new.
    assert.deepEqual(
      ['', 'default/app/app-0', 'default/app/app-1', '\u{1f512}'].map((seed) => jitteredExpirationSeconds(max, seed)),
      [80_751, 82_482, 84_710, 82_922],
    );
  });

  it('whatever the seed, the lifetime is in the range and the same each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (seed) => {
        const seconds = jitteredExpirationSeconds(max, seed);
        assert.ok(Number.isInteger(seconds) && seconds >= min && seconds <= max, String(seconds));
        assert.equal(jitteredExpirationSeconds(max, seed), seconds);
      }),
      { numRuns: 1000 },
    );
  });

  const seeds: readonly (readonly [what: string, seed: (index: number) => string])[] = [
    ['numbered pods of one account', (index) => `default/app/app-${String(index)}`],
    ['one pod of numbered accounts', (index) => `team/app-${String(index)}/app`],
    ['pods in numbered namespaces', (index) => `ns-${String(index).padStart(5, '0')}/app/app-7d4b9`],
    ['single characters', (index) => String.fromCharCode(index)],
  ];
  for (const [what, seed] of seeds) {
    it(`10,000 lifetimes are spread evenly: ${what}`, () => {
      const cells = Array.from({ length: 100 }, () => 0);
      const values = new Set<number>();
      for (let index = 0; index < 10_000; index += 1) {
        const seconds = jitteredExpirationSeconds(max, seed(index));
        values.add(seconds);
        const cell = Math.floor(((seconds - min) * 100) / (max - min + 1));
        cells[cell] = (cells[cell] ?? 0) + 1;
      }
      const chiSquare = cells.reduce((sum, found) => sum + (found - 100) ** 2 / 100, 0);
      // 99 degrees of freedom: fair dice stay below 160 but once in 10,000 times. Nor may it be suspiciously even.
      assert.ok(chiSquare < 160 && chiSquare > 50, String(chiSquare));
      // Of 7,201 values 10,000 fair throws meet some 5,400.
      assert.ok(values.size > 5200 && values.size < 5600, String(values.size));
    });
  }

  it('both ends of the range are met', () => {
    const values = new Set<number>();
    for (let index = 0; index < 100_000; index += 1) values.add(jitteredExpirationSeconds(max, String(index)));
    assert.ok(values.has(min) && values.has(max));
    assert.equal(values.size, max - min + 1);
  });

  it('any lifetime, for --token-expiration-jitter: at most a twelfth less, never below 600, the same each time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 600, max: 2 ** 32 }), fc.string({ unit: 'binary' }), (asked, seed) => {
        const seconds = spreadExpirationOf(asked, seed);
        assert.ok(Number.isInteger(seconds) && seconds <= asked && seconds >= Math.max(600, asked - asked / 12));
        assert.equal(spreadExpirationOf(asked, seed), seconds);
      }),
      { numRuns: 1000 },
    );
  });

  it('both ends of the spread of an hour are met, and a seed has its value', () => {
    const values = new Set(Array.from({ length: 10_000 }, (_, index) => spreadExpirationOf(3600, String(index))));
    assert.equal(values.size, 301);
    assert.ok(values.has(3300) && values.has(3600));
    // Reckoned by another program.
    assert.equal(spreadExpirationOf(3600, 'app/app-0//kube-api-access-x7x9k'), 3503);
  });
});
