// Calls a round of work when it is due, when something changed, and after a fault a little later.

/** How long after a fault the work is tried again: doubled from the first up to the last, less a random half. */
const firstPauseMs = 250;
const lastPauseMs = 4_000;

/** Changes come in flocks, and each of our own writes is one. */
const leastPauseMs = 50;

/**
 * So many rounds may follow each other as closely as that, and one more each second: somebody who undoes what is written
 * would be answered twenty times a second for ever. A rotation, or a first start, takes ten.
 */
const mostCloseRounds = 20;
const closeRoundEveryMs = 1_000;

/** How often the time of day is looked at while nothing is due: it may jump, as after a suspend. */
const tickMs = 1_000;

/** What rounds are made of; time of day and a clock that only goes forward, in milliseconds. */
export type RoundsOptions = {
  /** Does the work and returns when it is due again, in milliseconds since 1970. */
  readonly round: () => Promise<number>;
  /** Told of what a round rejected with; nothing is lost by it but time. */
  readonly onFault: (error: unknown) => void;
  /** Rounds are never further apart than this. */
  readonly longestMs: number;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** Waits; ends early, without rejecting, when the signal is aborted. */
  readonly wait: (delayMs: number, signal: AbortSignal) => Promise<void>;
};

/** Rounds that go on until they are stopped. */
export type Rounds = {
  /** Something changed: the next round is to come at once. */
  readonly wake: () => void;
  /** Resolves when the round that runs has ended. */
  readonly stop: () => Promise<void>;
};

/** Returns what tells how long to wait before the next round at least. */
function createPauses(monotonicMs: () => number): () => number {
  let close = mostCloseRounds;
  let lastMs = monotonicMs();
  return () => {
    close = Math.min(mostCloseRounds, close + (monotonicMs() - lastMs) / closeRoundEveryMs) - 1;
    lastMs = monotonicMs();
    return close >= 0 ? leastPauseMs : closeRoundEveryMs;
  };
}

/** Starts with a round at once. */
export function startRounds(options: RoundsOptions): Rounds {
  const { round, onFault, longestMs, nowMs, monotonicMs, random, wait } = options;
  const stopping = new AbortController();
  let sleeping = new AbortController();
  let isWoken = false;
  let pauseMs = firstPauseMs;
  const leastPause = createPauses(monotonicMs);

  const nextDueMs = async (): Promise<number> => {
    try {
      const dueMs = await round();
      pauseMs = firstPauseMs;
      return dueMs;
    } catch (error) {
      if (!stopping.signal.aborted) onFault(error);
      const dueMs = nowMs() + pauseMs * (1 - random() / 2);
      pauseMs = Math.min(pauseMs * 2, lastPauseMs);
      return dueMs;
    }
  };
  const sleepUntil = async (dueMs: number): Promise<void> => {
    const startedMs = monotonicMs();
    await wait(leastPause(), stopping.signal);
    // The time of day may be set back, so that the other clock counts, too.
    const isDue = () => isWoken || nowMs() >= dueMs || monotonicMs() - startedMs >= longestMs;
    while (!isDue() && !stopping.signal.aborted) {
      sleeping = new AbortController();
      await wait(Math.min(tickMs, dueMs - nowMs()), AbortSignal.any([sleeping.signal, stopping.signal]));
    }
    isWoken = false;
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) await sleepUntil(await nextDueMs());
  };
  const done = run();
  return {
    wake: () => {
      isWoken = true;
      sleeping.abort();
    },
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}
