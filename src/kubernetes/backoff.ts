// How long to wait before the API server is asked again.

/** client-go reflector.go, NewReflectorWithOptions: 800 ms, doubled up to 30 s, from the start after 2 min without. */
const firstCeilingMs = 800;
const maxCeilingMs = 30_000;
const healthyMs = 120_000;

/** Delays that grow while calls fail. */
export type Backoff = {
  /**
   * Returns the milliseconds to wait after a failure: anything from 0 up to a ceiling that doubles with each call, so
   * that clients cut off together do not come back together. `retryAfterMs` is waited for in full before that.
   */
  afterFailure(retryAfterMs: number): number;
  /** Returns the milliseconds to wait after something that worked has ended: up to the first ceiling, counting nothing. */
  afterSuccess(): number;
};

/** What delays are made of. */
export type BackoffOptions = {
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
};

/** Returns a backoff that starts anew once two minutes have passed since the end of the last delay. */
export function createBackoff({ now, random }: BackoffOptions): Backoff {
  let ceilingMs = firstCeilingMs;
  let delayedUntilMs = Number.NEGATIVE_INFINITY;
  return {
    afterFailure(retryAfterMs) {
      if (now() - delayedUntilMs >= healthyMs) ceilingMs = firstCeilingMs;
      const delayMs = retryAfterMs + random() * ceilingMs;
      ceilingMs = Math.min(2 * ceilingMs, maxCeilingMs);
      delayedUntilMs = now() + delayMs;
      return delayMs;
    },
    afterSuccess: () => random() * firstCeilingMs,
  };
}
