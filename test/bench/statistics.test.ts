import assert from 'node:assert/strict';
import { medianOf, percentileOf, ratioOf, spreadOf } from './statistics.ts';

describe('the statistics of the benchmark', () => {
  it('take the middle one of an odd number, whatever the order', () => {
    assert.equal(medianOf([9, 1, 100]), 9);
  });

  it('take the mean of the two in the middle of an even number', () => {
    assert.equal(medianOf([10, 1, 4, 100]), 7);
  });

  it('sort numbers as numbers', () => {
    assert.equal(medianOf([10, 9, 100]), 10);
  });

  it('refuse nothing, and what is no number', () => {
    assert.throws(() => medianOf([]), /expected a value/);
    assert.throws(() => medianOf([1, Number.NaN]), /expected finite numbers, got NaN/);
    assert.throws(() => ratioOf([1], [0]), /expected finite numbers, got Infinity/);
  });

  it('give median, least, most and the rounds as they came', () => {
    assert.deepEqual(spreadOf([3, 1, 2]), { median: 2, min: 1, max: 3, rounds: [3, 1, 2] });
  });

  it('give percentiles by nearest rank', () => {
    const sorted = Array.from({ length: 1_000 }, (_, index) => index + 1);
    assert.equal(percentileOf(sorted, 0.5), 500);
    assert.equal(percentileOf(sorted, 0.99), 990);
    assert.equal(percentileOf(sorted, 0.999), 999);
    assert.equal(percentileOf(sorted, 1), 1_000);
    assert.equal(percentileOf([7], 0.5), 7);
  });

  it('compare round with round: a slow round of both is no difference', () => {
    // The ratio of the medians would be 30 / 20.
    assert.deepEqual(ratioOf([10, 30, 60], [10, 20, 60]), { median: 1, min: 1, max: 1.5, rounds: [1, 1.5, 1] });
  });

  it('refuse rounds that are no pairs', () => {
    assert.throws(() => ratioOf([1, 2], [1]), /as many rounds of the floor/);
  });
});
