// Keeps a store equal to a collection of the API: lists it once, then follows it, as client-go's Reflector does.

import { createBackoff } from './backoff.ts';
import { createPagedList } from './list.ts';
import type { Project, ReflectorObserver, ReflectorStore } from './reflection.ts';
import type { Transport } from './transport.ts';
import { watchAgain, type WatchEnd, watchOnce } from './watch.ts';
import type { WatchPosition } from './watch-events.ts';

/** 500 objects come in 30 ms; the API server itself gives a list up after a minute. */
const defaultPageTimeoutMs = 15_000;

/** The API server sends a watch's headers at once, unless its fair queuing makes it wait: 15 s at most. */
const defaultOpenTimeoutMs = 30_000;

/** Bookmarks come about once a minute (API server, defaultBookmarkFrequency): one may be late, two are not. */
const defaultStallTimeoutMs = 100_000;

/** Narrows a collection as the API's parameters of the same names do. */
export type Selector = { readonly labelSelector?: string; readonly fieldSelector?: string };

/** What a reflector is made of. */
export type ReflectorOptions<Entry> = {
  readonly api: Pick<Transport, 'get' | 'stream'>;
  /** The collection without a query, such as `/api/v1/serviceaccounts`. */
  readonly path: string;
  readonly selector?: Selector;
  readonly project: Project<Entry>;
  readonly store: ReflectorStore<Entry>;
  readonly observer: ReflectorObserver;
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** Waits between two tries; ends early, without rejecting, when the signal is aborted. */
  readonly wait: (delayMs: number, signal: AbortSignal) => Promise<void>;
  /** For each page of a list. Default 15 s. */
  readonly pageTimeoutMs?: number;
  /** Until a watch's headers. Default 30 s. */
  readonly openTimeoutMs?: number;
  /** Without an event or bookmark for this long, a watch is opened anew. Default 100 s. */
  readonly stallTimeoutMs?: number;
};

/** A reflector at work. */
export type Reflector = {
  /** Ends everything at once and for good: nothing is written or told any more. Resolves when nothing is left. */
  stop(): Promise<void>;
};

/**
 * Starts to keep `store` equal to the collection, until stop(). Whatever the API server does is survived and told to
 * the observer: the store keeps the last known state and falls behind for as long as no watch can be had; it is never
 * emptied. Differs from client-go in two points. Only a 410 makes it list again, any other end of a watch is followed by
 * the next watch from where that one stood, so that an API server coming back is not met by everybody's lists; but
 * before each watch that does not follow a list it asks whether the API server has gone back behind that version.
 */
export function createReflector<Entry>(options: ReflectorOptions<Entry>): Reflector {
  const stopping = new AbortController();
  const done = run(options, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function run<Entry>(options: ReflectorOptions<Entry>, signal: AbortSignal): Promise<void> {
  const observer = untilAborted(options.observer, signal);
  const steps = createSteps({ ...options, observer }, signal);
  let isSynced = false;
  while (!signal.aborted) {
    try {
      const position = await steps.listAll();
      if (position === undefined) return;
      const isFirst = !isSynced;
      isSynced = true;
      if (isFirst) observer.onSynced();
      await steps.followAll(position);
    } catch (error) {
      // Not the API server's doing: the store may hold half of what it should, so it gets everything anew.
      const text = error instanceof Error ? error.message : String(error);
      report(observer, `Expected the store of ${options.path} to take what it was given, got: ${text}`);
      await steps.pause();
    }
  }
}

/** Tells what cannot go on to an observer that may be what failed. */
function report(observer: ReflectorObserver, message: string): void {
  try {
    observer.onError(message);
    observer.onRelist('store_failed');
  } catch {
    // Then there is nobody left to tell, but the store is still to be kept.
  }
}

/** The two halves of the work; both return early after an abort, and reject only with what the store throws. */
function createSteps<Entry>(options: ReflectorOptions<Entry>, signal: AbortSignal) {
  const { path, selector, store, observer, wait } = options;
  const backoff = createBackoff(options);
  const pathWith = (parameters: Readonly<Record<string, string>>) =>
    `${path}?${new URLSearchParams({ ...selector, ...parameters }).toString()}`;
  const {
    pageTimeoutMs = defaultPageTimeoutMs,
    openTimeoutMs = defaultOpenTimeoutMs,
    stallTimeoutMs = defaultStallTimeoutMs,
  } = options;
  const watchOptions = { ...options, pathWith, pageTimeoutMs, openTimeoutMs, stallTimeoutMs, signal };
  const pause = (retryAfterMs = 0) => wait(backoff.afterFailure(retryAfterMs), signal);
  const startList = () => createPagedList({ ...options, pathWith, pageTimeoutMs, signal, generation: store.begin() });

  return {
    pause,

    /** Returns where the list stands once the store has all of it; undefined after an abort. */
    async listAll(): Promise<WatchPosition | undefined> {
      let list = startList();
      for (;;) {
        const end = await list.readPage();
        if (signal.aborted) return undefined;
        if (end.kind === 'complete') return { resourceVersion: end.resourceVersion, badLineAt: undefined };
        if (end.kind === 'more') continue;
        observer.onError(end.message);
        if (end.kind === 'lost') {
          observer.onRelist(end.reason);
          list = startList();
        }
        await pause(end.retryAfterMs);
      }
    },

    /** Returns when only a new list helps. */
    async followAll(position: WatchPosition): Promise<void> {
      // A list has just said where the API server stands.
      let watch: typeof watchAgain<Entry> = watchOnce;
      for (let lost: WatchEnd['lost']; lost === undefined && !signal.aborted; watch = watchAgain) {
        const end = await watch(watchOptions, position);
        if (end.message !== undefined) observer.onError(end.message);
        ({ lost } = end);
        if (lost !== undefined) observer.onRelist(lost);
        await (end.hasWorked ? wait(backoff.afterSuccess(), signal) : pause(end.retryAfterMs));
      }
    },
  };
}

/** What happens after an abort is its consequence, and nobody's business. */
function untilAborted(observer: ReflectorObserver, signal: AbortSignal): ReflectorObserver {
  return {
    onSynced: () => void (signal.aborted || observer.onSynced()),
    onEvent: (kind) => void (signal.aborted || observer.onEvent(kind)),
    onRelist: (reason) => void (signal.aborted || observer.onRelist(reason)),
    onError: (message) => void (signal.aborted || observer.onError(message)),
    onConnected: (isConnected) => void (signal.aborted || observer.onConnected(isConnected)),
  };
}
