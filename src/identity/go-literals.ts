// Reads numbers and booleans exactly as the Go webhook does, so that one annotation means the same to both.

const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;
/** Digits of the largest 64-bit integer: more of them (leading zeros aside) cannot be one, and are not worth a BigInt. */
const maxInt64Digits = 19;

/**
 * Returns the 64-bit integer that Go's `strconv.ParseInt(text, 10, 64)` reads, or undefined where that gives an error:
 * white space, a fraction, an exponent, an underscore or a value out of range. A sign and leading zeros are good.
 */
export function parseInt64(text: string): bigint | undefined {
  // Two linear steps: one pattern for both, with zeros that may belong to either part, would take quadratic time.
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const digits = text.replace(/^[+-]?0*/, '');
  if (digits.length > maxInt64Digits) return undefined;
  const magnitude = BigInt(digits);
  const value = text.startsWith('-') ? -magnitude : magnitude;
  return value >= minInt64 && value <= maxInt64 ? value : undefined;
}

/** Go's words for true. */
export const goTrue: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const goFalse: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** Returns the boolean that Go's `strconv.ParseBool(text)` reads, or undefined where that gives an error. */
export function parseBool(text: string): boolean | undefined {
  if (goTrue.has(text)) return true;
  return goFalse.has(text) ? false : undefined;
}
