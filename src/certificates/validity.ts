// Whether a certificate is valid at a moment.

/** From when to when a certificate is valid. */
export type Validity = { readonly notBefore: Date; readonly notAfter: Date };

/** Returns why a certificate is not valid at `atMs` of the wall clock, to follow "the certificate"; undefined if it is. */
export function whyNotValid({ notBefore, notAfter }: Validity, atMs: number): string | undefined {
  if (atMs > notAfter.getTime()) return `ended at ${notAfter.toISOString()}`;
  if (atMs < notBefore.getTime()) return `is not valid before ${notBefore.toISOString()}`;
  return undefined;
}
