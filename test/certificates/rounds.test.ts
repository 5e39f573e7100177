import assert from 'node:assert/strict';
import { startRounds } from '../../src/certificates/rounds.ts';

/** Time passes only by waiting; what is waited for is noted. */
function start(round: (count: number, nowMs: number) => number, most = 5) {
  const state = { nowMs: 1_000_000, monotonicMs: 0, rounds: [] as number[], faults: 0 };
  const ended = Promise.withResolvers<void>();
  const rounds = startRounds({
    round: async () => {
      state.rounds.push(state.monotonicMs);
      if (state.rounds.length >= most) {
        ended.resolve();
        // Until it is stopped.
        return Number.POSITIVE_INFINITY;
      }
      // The first round starts before startRounds() returns.
      await Promise.resolve();
      return round(state.rounds.length, state.nowMs);
    },
    onFault: () => {
      state.faults += 1;
    },
    longestMs: 60_000,
    nowMs: () => state.nowMs,
    monotonicMs: () => state.monotonicMs,
    random: () => 0,
    wait: async (delayMs) => {
      state.nowMs += delayMs;
      state.monotonicMs += delayMs;
      await new Promise(setImmediate);
    },
  });
  return { state, rounds, ended: ended.promise };
}
const gaps = (times: readonly number[]): number[] => times.slice(1).map((time, index) => time - (times[index] ?? 0));

describe('certificates/rounds', () => {
  it('come when they are due, and once a minute where nothing is', async () => {
    const { state, rounds, ended } = start((count, nowMs) => (count <= 2 ? nowMs + 5_000 : Number.POSITIVE_INFINITY));
    await ended;
    await rounds.stop();
    assert.deepEqual(gaps(state.rounds).slice(0, 2), [5_000, 5_000]);
    for (const gap of gaps(state.rounds).slice(2)) assert.ok(gap >= 60_000 && gap < 61_100, String(gap));
  });

  it('come later after each fault, within 4 s', async () => {
    const { state, rounds, ended } = start(() => {
      throw new Error('no');
    });
    await ended;
    await rounds.stop();
    assert.equal(state.faults, 4);
    assert.deepEqual(gaps(state.rounds), [250, 500, 1_000, 2_000]);
  });

  it('come at once where the time of day jumps, forward or back', async () => {
    const { state, rounds, ended } = start((count, nowMs) => {
      if (count === 1) {
        setImmediate(() => (state.nowMs += 3_600_000));
        return nowMs + 50_000;
      }
      if (count === 2) state.nowMs -= 86_400_000;
      return nowMs + 50_000;
    });
    await ended;
    await rounds.stop();
    const [forward = 0, back = 0] = gaps(state.rounds);
    assert.ok(forward <= 2_100, `${String(forward)} ms after a jump forward`);
    assert.ok(back <= 61_100, `${String(back)} ms after a jump back`);
  });

  it('that are called for again and again come once a second after a while, and at once again after a rest', async () => {
    const { state, rounds, ended } = start((count, nowMs) => {
      if (count === 40) return nowMs + 30_000;
      rounds.wake();
      return Number.POSITIVE_INFINITY;
    }, 50);
    await ended;
    await rounds.stop();
    const between = gaps(state.rounds);
    assert.deepEqual(new Set(between.slice(0, 20)), new Set([50]));
    assert.ok(
      between.slice(22, 39).every((gap) => gap >= 1_000 && gap <= 2_000),
      between.join(' '),
    );
    assert.deepEqual(new Set(between.slice(40)), new Set([50]));
  });

  it('come at once when something changed, also while one runs', async () => {
    const { state, rounds, ended } = start((count) => {
      if (count < 4) rounds.wake();
      return Number.POSITIVE_INFINITY;
    });
    await ended;
    await rounds.stop();
    assert.deepEqual(gaps(state.rounds).slice(0, 3), [50, 50, 50]);
  });
});
