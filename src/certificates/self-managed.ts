// The serving pair that the webhook manages itself: puts the authority, the leaf, the bundles and the Lease together.
import { createLease } from '../kubernetes/lease.ts';
import type { Transport } from '../kubernetes/transport.ts';
import type { KeeperObserver } from './apply-step.ts';
import { createConfigurations } from './configurations.ts';
import { Fault, type FaultStep } from './fault.ts';
import { createKeeper } from './keeper.ts';
import { type Leaf, makeAuthority, makeLeaf, serviceNames } from './make.ts';
import { startRounds } from './rounds.ts';
import type { RotationSettings } from './rotation.ts';
import { createSecretStore } from './secret-store.ts';
import type { CertificateSource, ServingPair } from './source.ts';
import { createWatches } from './watches.ts';

/** At the latest so often everything is read live, whatever the watches say or do not say. */
const longestCheckMs = 60_000;

/** Nobody verifies it anyway. */
const placeholderLifetimeMs = 86_400_000;

/** Told of what happens. None of these may throw. */
export type SelfManagedObserver = KeeperObserver & {
  readonly onLeaf: (leaf: Leaf) => void;
  /** Whether this replica is the one that writes. */
  readonly onWriter: (isWriter: boolean) => void;
  readonly onFault: (step: FaultStep, message: string) => void;
  /** A watch that failed; it is tried again, and everything is read every minute besides. */
  readonly onWatchError: (message: string) => void;
};

/** What managing certificates needs. */
export type SelfManagedOptions = {
  readonly api: Pick<Transport, 'get' | 'patch' | 'post' | 'stream'>;
  readonly namespace: string;
  /** The Service in front of the webhook. */
  readonly serviceName: string;
  /** Of the Secret, and of the Lease. */
  readonly secretName: string;
  /** Of the webhook configurations. */
  readonly configurationNames: readonly string[];
  readonly settings: RotationSettings;
  readonly leaseDurationMs: number;
  /** Another text for each process. */
  readonly identity: string;
  /** Time of day and a clock that only goes forward, in milliseconds. */
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly wait: (delayMs: number, signal: AbortSignal) => Promise<void>;
  readonly observer: SelfManagedObserver;
};

/** A source, and what its metrics show. */
export type SelfManaged = CertificateSource & {
  /** Whether all bundles, as last seen, verify the leaf; undefined before there is anything to tell. */
  readonly isVerified: () => boolean | undefined;
};

/**
 * Starts to manage the pair. Until the first leaf is signed the pair is one that nobody can verify, so that the port can
 * be opened and say that it is not ready.
 */
export async function openSelfManaged(options: SelfManagedOptions): Promise<SelfManaged> {
  const { api, namespace, secretName, configurationNames, settings, observer } = options;
  const names = serviceNames(options.serviceName, namespace);
  const placeholder = await makePlaceholder(names, options.nowMs());
  let use: ((pair: ServingPair) => void) | undefined;
  let wake: (() => void) | undefined;

  const lease = createLease({
    ...options,
    name: secretName,
    durationMs: options.leaseDurationMs,
    onChange: (isHeld) => {
      observer.onWriter(isHeld);
      wake?.();
    },
    onError: (message) => observer.onFault('lease', message),
  });
  const watches = createWatches({
    ...options,
    now: options.monotonicMs,
    onChange: () => wake?.(),
    onError: observer.onWatchError,
  });
  const keeper = createKeeper({
    ...options,
    secret: createSecretStore({ api, namespace, name: secretName }),
    configurations: createConfigurations(api, configurationNames),
    makeAuthority,
    makeLeaf: async (leaf) => makeLeaf({ ...leaf, names }),
    isWriter: lease.isHeld,
    serve: (leaf) => {
      observer.onLeaf(leaf);
      use?.(leaf.pair);
    },
    observer: {
      ...observer,
      onConfigurations: (reading) => {
        watches.followConfigurations(configurationNames, reading.forbidden);
        observer.onConfigurations(reading);
      },
    },
  });
  const rounds = startRounds({
    ...options,
    round: keeper.round,
    longestMs: Math.min(longestCheckMs, settings.leafLifetimeMs / 4),
    onFault: (error) => {
      if (error instanceof Fault) observer.onFault(error.step, error.message);
      else observer.onFault('sign', error instanceof Error ? error.message : String(error));
    },
  });
  ({ wake } = rounds);
  return {
    pair: () => keeper.leaf()?.pair ?? placeholder.pair,
    notAfter: () => dateOf(keeper.leaf()?.notAfterMs),
    authorityNotAfter: () => dateOf(keeper.leaf()?.authority.notAfterMs),
    follow: (follower) => {
      use = follower;
    },
    notReady: keeper.notReady,
    isVerified: keeper.isVerified,
    close: async () => {
      await Promise.all([watches.stop(), rounds.stop()]);
      await lease.stop();
    },
  };
}

function dateOf(timeMs: number | undefined): Date | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs);
}

/** Returns a leaf of an authority that is in no bundle. */
async function makePlaceholder(names: readonly string[], nowMs: number): Promise<Leaf> {
  const life = { nowMs, lifetimeMs: placeholderLifetimeMs };
  return makeLeaf({ ...life, signer: await makeAuthority(life), names });
}
