// Spreads the lifetimes of tokens, so that those of pods which start together are not renewed together.

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

/** Returns 32 bits that depend on every character: FNV-1a, then the last steps of MurmurHash3, which mix all bits. */
function hash32(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01_00_01_93);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01_00_01_93);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
