// Replicas, API servers, a Secret and bundles that are simulated, to see the real keeper through crashes, delays and jumps.
import type { X509Certificate } from 'node:crypto';
import type { Signer } from '../../src/certificates/authority.ts';
import type { AuthorityState } from '../../src/certificates/authority-secret.ts';
import { backdateMs } from '../../src/certificates/backdate.ts';
import { Fault } from '../../src/certificates/fault.ts';
import { createHeld, type Held } from '../../src/certificates/held.ts';
import { decideLeaf, type KnownLeaf, leafRenewAtMs } from '../../src/certificates/leaf-rotation.ts';
import { applyStep } from '../../src/certificates/apply-step.ts';
import { type Bundle, decideStep, type RotationSettings } from '../../src/certificates/rotation.ts';
import type { SecretReading } from '../../src/certificates/secret-store.ts';

/** Chance, by a seed. */
export function createChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What the API server stores, and what each of its servers has seen of it. */
export type World = {
  nowMs: number;
  /** Since the start, or since everything was suspended. */
  readonly passedMs: () => number;
  /** Lets time pass that nobody sees pass; all that there was before is history. */
  readonly suspend: (ms: number) => void;
  secret: { state: AuthorityState; version: number } | undefined;
  bundle: { certs: string[]; version: number };
  /** Every bundle that there was, with the time since which it was the bundle. */
  readonly history: { sinceMs: number; certs: readonly string[] }[];
  madeCount: number;
  readonly stepCounts: Record<string, number>;
};

/** One replica of the program; its memory is gone when it crashes. */
export type Replica = {
  readonly name: string;
  /** Its clock differs by so much. */
  skewMs: number;
  leaf: KnownLeaf | undefined;
  held: Held;
  isWriter: boolean;
  /** What it has read but not acted upon yet. */
  pending: { secret: SecretReading; certs: string[]; bundleVersion: number } | undefined;
};

const none: AuthorityState = { signer: undefined, next: undefined, old: undefined, switchedAtMs: undefined };

/** Returns a world before the first start. */
export function createWorld(): World {
  let startedMs = 1_000_000;
  const world: World = {
    nowMs: startedMs,
    passedMs: () => world.nowMs - startedMs,
    suspend: (ms) => {
      world.nowMs += ms;
      startedMs = world.nowMs;
    },
    secret: undefined,
    bundle: { certs: [], version: 0 },
    history: [{ sinceMs: 0, certs: [] }],
    madeCount: 0,
    stepCounts: {},
  };
  return world;
}

/** Returns a replica that has just started. */
export function createReplica(world: World, name: string, skewMs: number): Replica {
  return { name, skewMs, leaf: undefined, held: createHeld(() => world.nowMs), isWriter: false, pending: undefined };
}

/** Puts a bundle in the place of the one that there is, whoever does it. */
export function writeBundle(world: World, certs: string[]): void {
  world.bundle = { certs, version: world.bundle.version + 1 };
  world.history.push({ sinceMs: world.nowMs, certs });
}

/** Returns whether every API server verifies by this certificate now: its bundle may be any of the last `delayMs`. */
export function isKnownEverywhere(world: World, cert: string, delayMs: number): boolean {
  const { history, nowMs } = world;
  return history.every(({ certs }, index) => {
    const untilMs = history[index + 1]?.sinceMs ?? Number.POSITIVE_INFINITY;
    return untilMs <= nowMs - delayMs || certs.includes(cert);
  });
}

/** First half of a round: it reads the bundle, then the Secret, and renews its leaf as it does in life. */
export function observe(world: World, replica: Replica, settings: RotationSettings, random: () => number): void {
  const nowMs = world.nowMs + replica.skewMs;
  replica.held.observe([bundleAt(world.bundle.certs, nowMs)]);
  const state = world.secret?.state ?? none;
  const secret = {
    state,
    faults: [],
    resourceVersion: world.secret && String(world.secret.version),
    serverTimeMs: nowMs,
  };
  replica.pending = { secret, certs: world.bundle.certs, bundleVersion: world.bundle.version };
  const step = decideLeaf({ ...replica.held, leaf: replica.leaf, signer: state.signer, nowMs, settings });
  if (step.kind !== 'sign' || state.signer === undefined) return;
  const notAfterMs = Math.min(nowMs + settings.leafLifetimeMs, state.signer.notAfterMs);
  const renewAtMs = leafRenewAtMs(nowMs, notAfterMs, random());
  replica.leaf = { authority: { cert: state.signer.cert }, notAfterMs, renewAtMs };
}

/** Second half: as the writer it does the step that follows from what it read, which may be old by now. */
export async function act(world: World, replica: Replica, settings: RotationSettings): Promise<void> {
  const { pending } = replica;
  replica.pending = undefined;
  if (pending === undefined || !replica.isWriter) return;
  const nowMs = world.nowMs + replica.skewMs;
  const bundles = [bundleAt(pending.certs, nowMs)];
  const secret = { ...pending.secret.state, isFaulty: false };
  const step = decideStep({ secret, bundles, heldMs: replica.held.heldMs, nowMs, settings });
  if (step.kind === 'rest') return;
  world.stepCounts[step.kind] = (world.stepCounts[step.kind] ?? 0) + 1;
  if (step.kind === 'bundle') {
    if (pending.bundleVersion !== world.bundle.version) return;
    const kept = pending.certs.filter((cert) => !step.unwanted.includes(cert) && isAlive(cert, nowMs));
    writeBundle(world, [...new Set([...step.wanted, ...kept])]);
    return;
  }
  const basis = { reading: pending.secret, found: [], ownAuthority: undefined };
  try {
    await applyStep(step, basis, {
      secret: { write: async (state, since) => Promise.resolve(writeSecret(world, state, since)) },
      configurations: { write: async () => Promise.resolve([]) },
      makeAuthority: async (options) => Promise.resolve(makeAuthority(world, options.nowMs, options.lifetimeMs)),
      settings,
      nowMs: () => nowMs,
      observer: { onConfigurations: ignore, onSecret: ignore, onStep: ignore, onBundle: ignore },
    });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
}

function ignore(): void {
  // Nobody listens.
}

function writeSecret(world: World, state: AuthorityState, since: SecretReading): boolean {
  const version = world.secret && String(world.secret.version);
  if (version !== since.resourceVersion) return false;
  world.secret = { state, version: (world.secret?.version ?? 0) + 1 };
  return true;
}

/** The name says when it ends, in place of a certificate. */
function makeAuthority(world: World, nowMs: number, lifetimeMs: number): Signer {
  world.madeCount += 1;
  const notAfterMs = nowMs + lifetimeMs;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nobody looks at it here
  const certificate = {} as X509Certificate;
  const cert = `${String(world.madeCount)}@${String(notAfterMs)}`;
  return { cert, certificate, key: '', notBeforeMs: nowMs - backdateMs, notAfterMs };
}

function isAlive(cert: string, nowMs: number): boolean {
  return Number(cert.split('@')[1]) > nowMs;
}

function bundleAt(certs: readonly string[], nowMs: number): Bundle {
  const [alive, ended] = [true, false].map((is) => new Set(certs.filter((cert) => isAlive(cert, nowMs) === is)));
  return { certs: alive ?? new Set(), ended: ended ?? new Set(), isFaulty: false };
}
