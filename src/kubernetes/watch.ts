// Follows a collection of the API for as long as one watch lasts.

import { KubernetesError } from './errors.ts';
import { readJsonLines } from './json-lines.ts';
import type { Project, ReflectorObserver, ReflectorStore, RelistReason } from './reflection.ts';
import { readRefusal, type Refusal } from './refusal.ts';
import type { Transport } from './transport.ts';
import { checkVersion, type VersionCheckOptions } from './version-check.ts';
import { applyLine, type WatchPosition } from './watch-events.ts';

/** client-go (reflector.go): a shorter watch without events is a fault of the server, not its usual end. */
const shortWatchMs = 1_000;

/** client-go spreads the ends of its watches between 5 and 10 minutes (reflector.go, defaultMinWatchTimeout). */
const minWatchSeconds = 300;

/** What a watch is made of. */
export type WatchOptions<Entry> = {
  readonly api: Pick<Transport, 'stream'>;
  /** The collection, for messages. */
  readonly path: string;
  /** Returns the collection's path with its selector and these parameters. */
  readonly pathWith: (parameters: Readonly<Record<string, string>>) => string;
  readonly store: Pick<ReflectorStore<Entry>, 'set' | 'delete'>;
  readonly project: Project<Entry>;
  readonly observer: Pick<ReflectorObserver, 'onConnected' | 'onError' | 'onEvent'>;
  /** Until the headers. */
  readonly openTimeoutMs: number;
  /** Longest silence between two events or bookmarks. */
  readonly stallTimeoutMs: number;
  readonly now: () => number;
  readonly random: () => number;
  readonly signal: AbortSignal;
};

/** Why a watch is over. */
export type WatchEnd = {
  /** Why only a new list helps: its position is not known to the API server, any more or at all. */
  readonly lost: Extract<RelistReason, 'version_went_back' | 'watch_expired'> | undefined;
  /** It brought an event or lasted a second, and ended as connections do. */
  readonly hasWorked: boolean;
  /** What is wrong; undefined for a usual end. */
  readonly message: string | undefined;
  readonly retryAfterMs: number;
};

/** Watches from `position` on and moves it along. Rejects only with what the store or the observer throws. */
export async function watchOnce<Entry>(options: WatchOptions<Entry>, position: WatchPosition): Promise<WatchEnd> {
  const { path, pathWith, api, openTimeoutMs, random, signal } = options;
  const watch = pathWith({
    watch: 'true',
    resourceVersion: position.resourceVersion,
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(Math.floor(minWatchSeconds * (1 + random()))),
  });
  const stalled = new AbortController();
  try {
    const ended = AbortSignal.any([signal, stalled.signal]);
    const answer = await api.stream(watch, { timeoutMs: openTimeoutMs, signal: ended });
    if ('body' in answer) return refusedBy(readRefusal(answer), path);
    return await follow(answer.chunks, stalled, options, position);
  } catch (error) {
    if (error instanceof KubernetesError) return failed(error.message);
    throw error;
  }
}

/** The same, where time has passed since the position was known to be good: that comes first. */
export async function watchAgain<Entry>(
  options: WatchOptions<Entry> & VersionCheckOptions,
  position: WatchPosition,
): Promise<WatchEnd> {
  try {
    const check = await checkVersion(options, position.resourceVersion);
    if (check.kind === 'went_back') return { ...failed(check.message), lost: 'version_went_back' };
    if (check.kind === 'failed') return { ...failed(check.message), retryAfterMs: check.retryAfterMs };
  } catch (error) {
    if (error instanceof KubernetesError) return failed(error.message);
    throw error;
  }
  return watchOnce(options, position);
}

/** Reads to the end of the stream, or to the first line after which there is no point in going on. */
async function follow<Entry>(
  chunks: AsyncIterable<string>,
  stalled: AbortController,
  options: WatchOptions<Entry>,
  position: WatchPosition,
): Promise<WatchEnd> {
  const { path, observer, now, signal, stallTimeoutMs } = options;
  const openedMs = now();
  let eventCount = 0;
  const hasWorked = () => eventCount > 0 || now() - openedMs >= shortWatchMs;
  const stallTimer = setTimeout(() => stalled.abort(), stallTimeoutMs);
  observer.onConnected(true);
  try {
    for await (const line of readJsonLines(chunks)) {
      // Lines of the last piece may still be here when everything else has been told to stop.
      if (signal.aborted) break;
      const outcome = applyLine(line, position, options);
      if (outcome.kind === 'refused') return refusedBy(outcome.refusal, path);
      if (outcome.kind === 'unreadable') return { ...failed(outcome.message), hasWorked: hasWorked() };
      if (outcome.kind === 'passed_over') {
        observer.onError(outcome.message);
        continue;
      }
      eventCount += 1;
      stallTimer.refresh();
      observer.onEvent(outcome.kind);
    }
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error;
    const silence = `Expected an event or a bookmark of ${path} within ${stallTimeoutMs} ms, got none`;
    return { ...failed(stalled.signal.aborted ? silence : error.message), hasWorked: hasWorked() };
  } finally {
    clearTimeout(stallTimer);
    observer.onConnected(false);
  }
  if (hasWorked()) return { lost: undefined, hasWorked: true, message: undefined, retryAfterMs: 0 };
  return failed(`Expected a watch of ${path} for at least ${shortWatchMs} ms, got its end before any event`);
}

function refusedBy({ isExpired, message, retryAfterMs }: Refusal, path: string): WatchEnd {
  return {
    ...failed(`Expected a watch of ${path}, got ${message}`),
    lost: isExpired ? 'watch_expired' : undefined,
    retryAfterMs,
  };
}

function failed(message: string): WatchEnd {
  return { lost: undefined, hasWorked: false, message, retryAfterMs: 0 };
}
