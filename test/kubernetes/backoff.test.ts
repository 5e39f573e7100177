import assert from 'node:assert/strict';
import { createBackoff } from '../../src/kubernetes/backoff.ts';

/** A backoff whose random number is always the same, and its clock. */
function start(randomValue: number) {
  let nowMs = 1_000_000;
  const backoff = createBackoff({ now: () => nowMs, random: () => randomValue });
  /** Fails, and waits as long as it is told to. */
  const failAndWait = (retryAfterMs = 0) => {
    const delayMs = backoff.afterFailure(retryAfterMs);
    nowMs += delayMs;
    return delayMs;
  };
  return { backoff, failAndWait, passMs: (ms: number) => (nowMs += ms) };
}

describe('kubernetes/backoff', () => {
  it('doubles its ceiling from 0.8 s to 30 s', () => {
    const { failAndWait } = start(1 - Number.EPSILON);
    const delays = Array.from({ length: 8 }, () => Math.round(failAndWait()));
    assert.deepEqual(delays, [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  });

  it('has full jitter: nothing at all at the least', () => {
    const { failAndWait } = start(0);
    assert.deepEqual([failAndWait(), failAndWait(), failAndWait()], [0, 0, 0]);
    const half = start(0.5);
    assert.deepEqual([half.failAndWait(), half.failAndWait()], [400, 800]);
  });

  it('waits for Retry-After in full, and then as long as ever', () => {
    const { failAndWait } = start(0.5);
    assert.deepEqual([failAndWait(7_000), failAndWait(0), failAndWait(1_000)], [7_400, 800, 2_600]);
  });

  it('starts anew two minutes after the end of the last delay, and not before', () => {
    const { failAndWait, passMs } = start(0.5);
    assert.deepEqual([failAndWait(), failAndWait()], [400, 800]);
    passMs(119_999);
    assert.equal(failAndWait(), 1_600);
    passMs(120_000);
    assert.deepEqual([failAndWait(), failAndWait()], [400, 800]);
  });

  it('does not take a long Retry-After for two minutes of health', () => {
    const { failAndWait } = start(0.5);
    assert.deepEqual([failAndWait(120_000), failAndWait(120_000)], [120_400, 120_800]);
  });

  it('waits a first step after something that worked, which makes no later wait longer', () => {
    const { backoff, failAndWait } = start(0.5);
    assert.deepEqual([backoff.afterSuccess(), backoff.afterSuccess(), failAndWait()], [400, 400, 400]);
    assert.deepEqual([backoff.afterSuccess(), failAndWait()], [400, 800]);
  });
});
