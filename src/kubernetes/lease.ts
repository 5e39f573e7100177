// Holds a Lease, so that of several replicas one at a time writes: client-go's leaderelection.

import { type ApiObject, isApiObject, parseApiObject, resourceVersionOf } from './objects.ts';
import { readRefusal } from './refusal.ts';
import type { ApiResponse, Transport } from './transport.ts';

/** A duration that a Lease states is believed up to here; another replica's flags may differ from ours. */
const maxDurationMs = 3_600_000;

/** What holding a Lease needs. */
export type LeaseOptions = {
  readonly api: Pick<Transport, 'get' | 'patch' | 'post'>;
  readonly namespace: string;
  readonly name: string;
  /** Another text for each process, also for one that follows another in the same pod. */
  readonly identity: string;
  /** Others take the Lease over when they have seen nothing of its holder for so long. Whole seconds. */
  readonly durationMs: number;
  /** A clock that only goes forward, and one that tells the time of day; both in milliseconds. */
  readonly monotonicMs: () => number;
  readonly nowMs: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** Waits between two tries; ends early, without rejecting, when the signal is aborted. */
  readonly wait: (delayMs: number, signal: AbortSignal) => Promise<void>;
  /** Told when the Lease is got or lost. */
  readonly onChange: (isHeld: boolean) => void;
  /** One sentence for each new reason why the Lease cannot be read or written. */
  readonly onError: (message: string) => void;
};

/** A Lease that is held, or waited for. */
export type Lease = {
  /** Returns whether nobody else can hold it now. */
  readonly isHeld: () => boolean;
  /** Lets it go, so that nobody has to wait for its end; resolves when nothing is left. Never rejects. */
  readonly stop: () => Promise<void>;
};

/** What was seen of the Lease, and when that was first seen: the clock of whoever wrote it is not asked. */
type Observed = { readonly record: string; readonly sinceMs: number };

/**
 * Starts to try for the Lease, and to renew it, until stop(). The times are client-go's for a duration of 15 s: a try
 * every 2 s, and 10 s after the last renewal that worked the holder counts itself out, 5 s before anybody else may.
 */
export function createLease(options: LeaseOptions): Lease {
  const { durationMs, monotonicMs, nowMs, random, wait, onChange, onError } = options;
  const stopping = new AbortController();
  const renewDeadlineMs = (durationMs * 2) / 3;
  const retryMs = durationMs / 7.5;
  const record = createRecord(options, stopping.signal);
  let renewedMs: { readonly monotonic: number; readonly wall: number } | undefined;
  let wasHeld = false;
  let told = '';

  /** Both clocks: one stands still while the machine sleeps, the other can be set back. */
  const isHeld = (): boolean =>
    renewedMs !== undefined &&
    monotonicMs() - renewedMs.monotonic < renewDeadlineMs &&
    nowMs() - renewedMs.wall < renewDeadlineMs;

  const tryOnce = async (): Promise<void> => {
    const startedMs = { monotonic: monotonicMs(), wall: nowMs() };
    try {
      renewedMs = (await record.acquireOrRenew()) ? startedMs : undefined;
      told = '';
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== told && !stopping.signal.aborted) onError(message);
      told = message;
    }
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await tryOnce();
      if (isHeld() !== wasHeld) {
        wasHeld = !wasHeld;
        onChange(wasHeld);
      }
      await wait(retryMs * (1 - random() / 4), stopping.signal);
    }
  };
  const done = run();
  return {
    isHeld,
    async stop() {
      const isOurs = isHeld();
      stopping.abort();
      await done;
      renewedMs = undefined;
      if (isOurs) await record.release().catch(() => undefined);
    },
  };
}

/** The record in the Lease, and the two things that are done to it. Both reject where the API server does not answer. */
function createRecord(options: LeaseOptions, signal: AbortSignal) {
  const { api, namespace, name, identity, durationMs, monotonicMs, nowMs } = options;
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  const path = `${collection}/${encodeURIComponent(name)}`;
  const limits = { timeoutMs: durationMs / 3, signal };
  let observed: Observed | undefined;

  const isTaken = (spec: ApiObject): boolean => {
    const text = JSON.stringify(spec);
    if (observed?.record !== text) observed = { record: text, sinceMs: monotonicMs() };
    const { holderIdentity: holder, leaseDurationSeconds: seconds } = spec;
    if (typeof holder !== 'string' || holder === '' || holder === identity) return false;
    const isSaid = typeof seconds === 'number' && seconds > 0;
    const theirMs = isSaid ? Math.min(seconds * 1000, maxDurationMs) : durationMs;
    return monotonicMs() - observed.sinceMs < theirMs;
  };
  /** What stays while the holder stays the same. */
  const specAfter = ({ holderIdentity, acquireTime, leaseTransitions }: ApiObject): object => {
    const now = microTime(nowMs());
    const isOurs = holderIdentity === identity;
    const transitions = typeof leaseTransitions === 'number' ? leaseTransitions : 0;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      acquireTime: isOurs && typeof acquireTime === 'string' ? acquireTime : now,
      renewTime: now,
      leaseTransitions: isOurs ? transitions : transitions + 1,
    };
  };
  const create = async (): Promise<boolean> => {
    const spec = { ...specAfter({ holderIdentity: identity }), leaseTransitions: 0 };
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec };
    return isDone(await api.post(collection, body, limits), 'to be created');
  };

  return {
    /** Returns whether the Lease is ours from now on. */
    async acquireOrRenew(): Promise<boolean> {
      const answer = await api.get(path, limits);
      if (answer.status === 404) return create();
      const lease = answer.status === 200 ? parseApiObject(answer.body) : undefined;
      if (lease === undefined) throw new Error(`Expected the Lease ${name}, got ${readRefusal(answer).message}`);
      const spec = isApiObject(lease['spec']) ? lease['spec'] : {};
      if (isTaken(spec)) return false;
      const metadata = { resourceVersion: resourceVersionOf(lease) };
      return isDone(await api.patch(path, { metadata, spec: specAfter(spec) }, limits), 'to be renewed');
    },

    /** As client-go does: nobody holds it, and what is left of it lasts a second. */
    async release(): Promise<void> {
      const within = { timeoutMs: limits.timeoutMs };
      const lease = parseApiObject((await api.get(path, within)).body) ?? {};
      const spec = isApiObject(lease['spec']) ? lease['spec'] : {};
      if (spec['holderIdentity'] !== identity) return;
      const metadata = { resourceVersion: resourceVersionOf(lease) };
      const renewTime = microTime(nowMs());
      await api.patch(path, { metadata, spec: { holderIdentity: '', leaseDurationSeconds: 1, renewTime } }, within);
    },
  };

  /** Another replica may have been faster, which is no fault. */
  function isDone(answer: ApiResponse, what: string): boolean {
    if (answer.status === 200 || answer.status === 201) return true;
    if (answer.status === 409) return false;
    throw new Error(`Expected the Lease ${name} ${what}, got ${readRefusal(answer).message}`);
  }
}

/** The API's MicroTime, six digits of a second. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
