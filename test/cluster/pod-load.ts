/** Creates pods at a steady rate, and in bursts that make the API server open connections, until it is told to end. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { cluster } from './hooks.ts';
import { isRecord } from './objects.ts';
import { isInjected, podManifest } from './pods.ts';

/** How fast pods are created. */
export type LoadOptions = {
  readonly namespace: string;
  readonly account: string;
  /** One after the other. */
  readonly perSecond: number;
  /** Once a second, all at once. */
  readonly burst: number;
};

/** A pod that was not created with the identity of its account. */
export type Failure = { readonly startMs: number; readonly endMs: number; readonly message: string };

/** What became of the pods. */
export type LoadResult = {
  readonly created: number;
  readonly failures: readonly Failure[];
  /** Milliseconds that each took that was created, in the order of their answers. */
  readonly timesMs: readonly number[];
  /** The longest of them. */
  readonly slowestMs: number;
  /** How long this process itself, and all that it balances, stood still at most: a busy machine shows here. */
  readonly stalledMs: number;
};

/** Pods that are being created. */
export type Load = {
  readonly created: () => number;
  readonly failures: () => readonly Failure[];
  /** Starts no more, and waits for those that are on the way. */
  readonly stop: () => Promise<LoadResult>;
};

/** Returns what became of pods, in a line. */
export function describeLoad({ created, failures, slowestMs, stalledMs }: LoadResult): string {
  return (
    `${String(created)} created, ${String(failures.length)} failed, the slowest in ${slowestMs.toFixed(0)} ms ` +
    `(this process stood still for ${stalledMs.toFixed(0)} ms at most)`
  );
}

/** Starts to create pods of an account, as dry runs: they are admitted like any other and fill no disk. */
export function startPodLoad({ namespace, account, perSecond, burst }: LoadOptions): Load {
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
  const onTheWay = new Set<Promise<void>>();
  const failures: Failure[] = [];
  const ended = new AbortController();
  const timesMs: number[] = [];

  const create = async (): Promise<void> => {
    const startMs = performance.now();
    const message = await whyNotCreated(path, account);
    const endMs = performance.now();
    if (message === undefined) timesMs.push(endMs - startMs);
    else failures.push({ startMs, endMs, message });
  };
  const start = (count: number): void => {
    for (let started = 0; started < count; started += 1) {
      const creation = create().finally(() => onTheWay.delete(creation));
      onTheWay.add(creation);
    }
  };
  const run = async (): Promise<void> => {
    const firstMs = performance.now();
    for (let steps = 0; !ended.signal.aborted; steps += 1) {
      start(steps % perSecond === 0 ? 1 + burst : 1);
      // By the clock, so that a busy machine catches up instead of doing less.
      const waitMs = firstMs + ((steps + 1) * 1_000) / perSecond - performance.now();
      if (waitMs > 0) await sleep(waitMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  };
  const stalls = monitorEventLoopDelay({ resolution: 10 });
  stalls.enable();
  const running = run();
  return {
    created: () => timesMs.length,
    failures: () => failures,
    stop: async () => {
      ended.abort();
      await running;
      await Promise.all(onTheWay);
      stalls.disable();
      const slowestMs = timesMs.reduce((slowest, timeMs) => Math.max(slowest, timeMs), 0);
      return { created: timesMs.length, failures, timesMs, slowestMs, stalledMs: stalls.max / 1e6 };
    },
  };
}

async function whyNotCreated(path: string, account: string): Promise<string | undefined> {
  try {
    const { status, body } = await cluster().request('POST', path, podManifest(account));
    if (status !== 201) return `${String(status)}: ${isRecord(body) ? String(body['message']) : String(body)}`;
    return isRecord(body) && isInjected(body) ? undefined : 'created without the identity';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
