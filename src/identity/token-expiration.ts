// The lifetime of a token: what may be asked for, and what is used instead of anything else.
import { parseInt64 } from './go-literals.ts';

/** Seconds; the API server refuses a projected token of less (ValidateServiceAccountTokenProjection: 10 minutes). */
export const minTokenExpirationSeconds = 600;
/** Seconds; the API server refuses a projected token of more (the same validation: 2^32). */
export const maxTokenExpirationSeconds = 2 ** 32;

/** A lifetime that is fit for use and, where it is not the one that was asked for, why. */
export type TokenExpiration = {
  readonly seconds: number;
  readonly problem?: string;
};

/**
 * Returns the lifetime that the text asks for, in seconds: clamped to what the API server takes, or `fallbackSeconds`
 * where the text is not a 64-bit integer (the Go webhook's rule: the next source down applies).
 */
export function parseTokenExpiration(text: string, fallbackSeconds: number): TokenExpiration {
  const asked = parseInt64(text);
  if (asked === undefined) return { seconds: fallbackSeconds, problem: 'is not a whole number of seconds' };
  if (asked < minTokenExpirationSeconds) return { seconds: minTokenExpirationSeconds, problem: 'is below the minimum' };
  if (asked > maxTokenExpirationSeconds) return { seconds: maxTokenExpirationSeconds, problem: 'is above the maximum' };
  return { seconds: Number(asked) };
}
