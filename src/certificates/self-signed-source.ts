// Keeps a self-signed pair that is made anew in time. Loaded only with --self-signed, as what it makes pairs with.
import { createSelfSignedPair, type SelfSignedPair } from './self-signed.ts';
import type { CertificateSource, ServingPair } from './source.ts';
import { whyNotValid } from './validity.ts';

/** What such a source needs. */
export type SelfSignedOptions = {
  readonly hosts: readonly string[];
  /** The wall clock, in milliseconds. */
  readonly now: () => number;
  /** How long a pair lives. Default 30 days. */
  readonly lifetimeMs?: number;
  /** How often the clock is looked at; a timer of days would not see a laptop sleep. Default a minute. */
  readonly checkMs?: number;
  /** Told of each later pair, and of what kept it from being made; it is tried again. */
  readonly onRenewal: (renewal: { readonly notAfter: Date } | { readonly error: Error }) => void;
};

/** A pair is made anew when so much of its life is left. */
const renewedAtShare = 1 / 3;

/** Returns a pair that is made now, and anew whenever a third of its life is left. */
export async function createSelfSignedCertificates(options: SelfSignedOptions): Promise<CertificateSource> {
  const { hosts, now, lifetimeMs, checkMs = 60_000, onRenewal } = options;
  const make = async (): Promise<SelfSignedPair> =>
    createSelfSignedPair(hosts, { nowMs: now(), ...(lifetimeMs !== undefined && { lifetimeMs }) });
  let current = await make();
  const lifeMs = current.notAfter.getTime() - now();
  let use: ((pair: ServingPair) => void) | undefined;
  let making: Promise<void> | undefined;

  const renew = async (): Promise<void> => {
    try {
      current = await make();
      use?.(current);
      onRenewal({ notAfter: current.notAfter });
    } catch (error) {
      onRenewal({ error: error instanceof Error ? error : new Error(String(error)) });
    } finally {
      making = undefined;
    }
  };
  const check = setInterval(() => {
    if (current.notAfter.getTime() - now() < lifeMs * renewedAtShare) making ??= renew();
  }, checkMs).unref();
  return {
    pair: () => current,
    notAfter: () => current.notAfter,
    follow: (follower) => {
      use = follower;
    },
    notReady: () => {
      const reason = whyNotValid(current, now());
      return reason && `the self-signed certificate ${reason}`;
    },
    close: async () => {
      clearInterval(check);
      await making;
    },
  };
}
