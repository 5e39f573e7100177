// Keeps a replica's leaf, and as the one writer the Secret and the bundles, as the two pure functions say.
import type { Authority, Signer } from './authority.ts';
import type { AuthorityState } from './authority-secret.ts';
import { applyStep, type WriterParts } from './apply-step.ts';
import { bundlesOf, type Configurations, type ConfigurationsReading } from './configurations.ts';
import { Fault, orFault } from './fault.ts';
import { createHeld } from './held.ts';
import { decideLeaf, leafRenewAtMs } from './leaf-rotation.ts';
import type { Leaf, LeafOptions } from './make.ts';
import { type Bundle, decideStep, type RotationSettings, type SecretView } from './rotation.ts';
import type { SecretReading, SecretStore } from './secret-store.ts';

/**
 * Beyond this difference to the API server's clock nothing is made and nothing is taken away: by whichever of the two is
 * wrong, what is valid would be thrown out. An hour would be too much, as certificates are valid from an hour ago on.
 */
const maxClockDifferenceMs = 600_000;

/** What keeping needs; time of day and a clock that only goes forward, in milliseconds. */
export type KeeperParts = WriterParts & {
  readonly secret: SecretStore;
  readonly configurations: Configurations;
  readonly makeLeaf: (options: Omit<LeafOptions, 'names'>) => Promise<Leaf>;
  readonly isWriter: () => boolean;
  readonly settings: RotationSettings;
  readonly monotonicMs: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** Serves a new leaf from now on. */
  readonly serve: (leaf: Leaf) => void;
};

/** What a replica knows and serves. */
export type Keeper = {
  /**
   * Looks at everything and does what is to be done; returns when it is to be called again at the latest, in
   * milliseconds since 1970. Rejects with a {@link Fault}.
   */
  readonly round: () => Promise<number>;
  readonly leaf: () => Leaf | undefined;
  /**
   * Returns whether all configurations, as last seen, are there and verify the leaf; undefined before the first look or
   * leaf. One that is missing ends no readiness: nobody is called by it, and all others are.
   */
  readonly isVerified: () => boolean | undefined;
  /** Returns why callers cannot verify what is served, in one line, or undefined. */
  readonly notReady: () => string | undefined;
};

/** Returns a keeper that has seen nothing yet. */
export function createKeeper(parts: KeeperParts): Keeper {
  const { secret, configurations, isWriter, settings, nowMs, observer } = parts;
  const held = createHeld(parts.monotonicMs);
  let leaf: (Leaf & { readonly renewAtMs: number }) | undefined;
  let reason = 'the certificate has not been made yet';
  let wereAllSeen = false;
  let isOneMissing = false;

  const observe = (reading: ConfigurationsReading): Bundle[] => {
    const bundles = bundlesOf(reading.found, nowMs());
    held.observe(bundles);
    isOneMissing = reading.missing.length > 0;
    if (!isOneMissing) wereAllSeen = true;
    observer.onConfigurations(reading);
    return bundles;
  };

  const sign = async (signer: Signer): Promise<void> => {
    const signedAtMs = nowMs();
    const options = { signer, nowMs: signedAtMs, lifetimeMs: settings.leafLifetimeMs };
    const signed = await orFault('sign', parts.makeLeaf(options));
    leaf = { ...signed, renewAtMs: leafRenewAtMs(signedAtMs, signed.notAfterMs, parts.random()) };
    parts.serve(signed);
  };

  /** Returns when the leaf is to be looked at again. */
  const keepLeaf = async ({ state: { signer } }: SecretReading): Promise<number> => {
    const step = decideLeaf({ ...held, leaf, signer, nowMs: nowMs(), settings });
    if (step.kind === 'keep') {
      reason = step.reason;
      return step.untilMs;
    }
    if (signer !== undefined) await sign(signer);
    return leaf?.renewAtMs ?? 0;
  };

  /** Returns when the rotation goes on; at once, where something was done or somebody else was faster. */
  const write = async (reading: SecretReading, found: ConfigurationsReading['found'], bundles: readonly Bundle[]) => {
    const view = { secret: viewOf(reading), bundles, heldMs: held.heldMs, nowMs: nowMs(), settings };
    const step = decideStep(view);
    if (step.kind === 'rest') return step.untilMs;
    await applyStep(step, { reading, found, ownAuthority: aliveAuthority(leaf, nowMs()) }, parts);
    return nowMs();
  };

  return {
    leaf: () => leaf,
    isVerified: () =>
      leaf === undefined || !held.hasSeen() ? undefined : !isOneMissing && held.isHeld(leaf.authority.cert),
    notReady: () => {
      if (leaf === undefined) return reason;
      if (leaf.notAfterMs <= nowMs()) return 'the certificate has ended, and no new one could be made';
      if (!wereAllSeen) return 'not every webhook configuration has been seen yet';
      return held.isHeld(leaf.authority.cert) ? undefined : 'the caBundle does not verify the certificate';
    },
    async round() {
      // Where they cannot be read the leaf is renewed all the same: its authority was in every bundle when they last could.
      const [found] = await Promise.allSettled([orFault('read_configuration', configurations.read())]);
      const bundles = found.status === 'fulfilled' ? observe(found.value) : [];
      const reading = await orFault('read_secret', secret.read());
      assertClock(reading.serverTimeMs, nowMs());
      observer.onSecret(reading);
      const leafMs = await keepLeaf(reading);
      if (found.status === 'rejected') throw found.reason;
      return isWriter() ? Math.min(leafMs, await write(reading, found.value.found, bundles)) : leafMs;
    },
  };
}

function assertClock(serverTimeMs: number | undefined, nowMs: number): void {
  if (serverTimeMs === undefined || Math.abs(serverTimeMs - nowMs) <= maxClockDifferenceMs) return;
  const seconds = Math.round((nowMs - serverTimeMs) / 1000);
  throw new Fault(
    'clock',
    `the clock differs from the API server's by ${String(seconds)} s, so that nothing is renewed`,
  );
}

/** Returns what the pure functions look at. */
function viewOf({ state, faults }: { readonly state: AuthorityState; readonly faults: readonly string[] }): SecretView {
  return { ...state, isFaulty: faults.length > 0 };
}

function aliveAuthority(leaf: Leaf | undefined, nowMs: number): Authority | undefined {
  return leaf !== undefined && leaf.notAfterMs > nowMs ? leaf.authority : undefined;
}
