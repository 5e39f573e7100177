// The pair that the servers of these tests serve with, made once a run.
import { createSelfSignedPair, type SelfSignedPair } from '../../src/certificates/self-signed.ts';

let pair: Promise<SelfSignedPair> | undefined;

/** A pair for localhost; its certificate is its own authority. */
export function servingPair(): Promise<SelfSignedPair> {
  pair ??= createSelfSignedPair(['localhost']);
  return pair;
}
