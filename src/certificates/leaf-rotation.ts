// When a replica signs itself a new leaf, and with whose key: a pure function of what was just read.
import type { Known, RotationSettings } from './rotation.ts';

/** As much of a leaf as its renewal depends on. Times in milliseconds since 1970. */
export type KnownLeaf = {
  readonly authority: Pick<Known, 'cert'>;
  readonly notAfterMs: number;
  readonly renewAtMs: number;
};

/** All that a renewal depends on. */
export type LeafView = {
  /** What is served now; undefined before the first one. */
  readonly leaf: KnownLeaf | undefined;
  /** The authority that signs, as the Secret says at this moment. */
  readonly signer: Known | undefined;
  /** Whether every bundle holds a certificate. */
  readonly isHeld: (cert: string) => boolean;
  /** Returns for how long all bundles have been seen to hold it. */
  readonly heldMs: (cert: string) => number;
  readonly nowMs: number;
  readonly settings: Pick<RotationSettings, 'propagationDelayMs'>;
};

/** What becomes of the leaf. */
export type LeafStep =
  | { readonly kind: 'sign' }
  /** It stays, for a reason that is told where there is none that is any good. */
  | { readonly kind: 'keep'; readonly untilMs: number; readonly reason: string };

/**
 * Returns whether to sign a new leaf. One of another authority than before is served only once every bundle holds that
 * authority, and has for long enough that every API server knows it: unless what is served is of no use to anybody.
 */
export function decideLeaf({ leaf, signer, isHeld, heldMs, nowMs, settings }: LeafView): LeafStep {
  const never = Number.POSITIVE_INFINITY;
  if (signer === undefined || signer.notAfterMs <= nowMs) {
    return { kind: 'keep', untilMs: never, reason: 'no authority signs yet' };
  }
  const isAlive = leaf !== undefined && leaf.notAfterMs > nowMs;
  if (leaf?.authority.cert === signer.cert) {
    // One that ends with its authority cannot be made to last longer.
    const untilMs = leaf.notAfterMs < signer.notAfterMs ? Math.min(leaf.renewAtMs, leaf.notAfterMs) : leaf.notAfterMs;
    return nowMs >= untilMs ? { kind: 'sign' } : { kind: 'keep', untilMs, reason: '' };
  }
  if (!isHeld(signer.cert)) {
    return { kind: 'keep', untilMs: never, reason: 'the caBundle does not hold the authority that signs yet' };
  }
  const leftMs = settings.propagationDelayMs - heldMs(signer.cert);
  if (!isAlive || !isHeld(leaf.authority.cert) || leftMs <= 0) return { kind: 'sign' };
  return { kind: 'keep', untilMs: nowMs + leftMs, reason: '' };
}

/** Returns when a leaf is renewed: when a third of its life is left, or up to a tenth of its life earlier. */
export function leafRenewAtMs(signedAtMs: number, notAfterMs: number, random: number): number {
  const lifeMs = notAfterMs - signedAtMs;
  return notAfterMs - lifeMs * (1 / 3 + random / 10);
}
