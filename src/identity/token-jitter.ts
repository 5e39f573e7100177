// Spreads the lifetimes of tokens, so that those of pods which start together are not renewed together.
import { hash32 } from './hash.ts';
import { minTokenExpirationSeconds } from './token-expiration.ts';

/** Seconds; only this lifetime is spread (the Go webhook's DefaultTokenExpiration, pkg/constants.go). */
const spreadExpirationSeconds = 86_400;
/** Seconds; the shortest that it is spread to (the Go webhook's DefaultMinTokenExpiration). */
const minSpreadExpirationSeconds = 79_200;

/**
 * Returns the lifetime of a token in seconds: 86400, whether asked for or by default, becomes 79200 to 86400, both
 * included (the Go webhook's, pkg/handler/handler.go, addJitterToDefaultToken); any other value stays. The same seed, made
 * of the account's and the pod's names, always gives the same value, unlike there: a review that comes twice must be
 * answered alike. Any text is a seed.
 */
export function jitteredExpirationSeconds(seconds: number, seed: string): number {
  if (seconds !== spreadExpirationSeconds) return seconds;
  const values = spreadExpirationSeconds - minSpreadExpirationSeconds + 1;
  // A hash has 2^32 values, so that the remainder favours none of the 7,201 by more than two in a million.
  return minSpreadExpirationSeconds + (hash32(seed) % values);
}

/** The largest part of a lifetime that is taken away: as much as becomes of 24 hours above. */
const spreadDivisor = spreadExpirationSeconds / (spreadExpirationSeconds - minSpreadExpirationSeconds);

/**
 * Returns the lifetime of a token in seconds, for `--token-expiration-jitter`: the one that was asked for, less up to a
 * twelfth of it, but never below what the API server takes. The same seed always takes the same part away.
 */
export function spreadExpirationOf(seconds: number, seed: string): number {
  const values = Math.floor(seconds / spreadDivisor) + 1;
  return Math.max(minTokenExpirationSeconds, seconds - (hash32(seed) % values));
}
