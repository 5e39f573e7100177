// Until when an answer to a review is worth something.

/** Part of the caller's timeout that is left for the way back. */
const reservedShare = 0.1;

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/**
 * Returns the moment by which a lookup must have ended, in milliseconds on the clock of `startMs`: after
 * `lookupTimeoutMs`, or earlier where the caller's own timeout runs out earlier. The API server sends that as
 * `?timeout=10s`, a Go duration (k8s.io/apiserver, mutating/dispatcher.go); anything else there is passed over.
 */
export function reviewDeadlineMs(url: string, startMs: number, lookupTimeoutMs: number): number {
  const match = /[?&]timeout=(\d{1,6}(?:\.\d{1,6})?)(ms|s|m)(?:&|$)/.exec(url);
  const unitMs = unitsMs[match?.[2] ?? ''];
  if (match === null || unitMs === undefined) return startMs + lookupTimeoutMs;
  return startMs + Math.min(lookupTimeoutMs, Number(match[1]) * unitMs * (1 - reservedShare));
}
