// Follows what files hold, and keeps what was last good in them.
import { watchFiles, type WatchOptions } from './watch.ts';

/** What following needs. */
export type FollowFilesOptions<Content> = {
  readonly paths: readonly string[];
  /** Reads and validates; rejects where the files hold nothing good. */
  readonly read: () => Promise<Content>;
  /** Returns whether the two are the same; may throw where the new one must not take the place of the other. */
  readonly isSame: (next: Content, current: Content) => boolean;
  readonly onLoad: (content: Content) => void;
  /** The last good content stays. */
  readonly onRefusal: (error: Error) => void;
  /** For the watch of the files; the defaults but in tests. */
  readonly watch?: Pick<WatchOptions, 'debounceMs' | 'pollMs'> | undefined;
  /** First wait before files that were refused are read again; default 1,000. */
  readonly retryMs?: number | undefined;
};

/** What files hold. */
export type FollowedFiles<Content> = {
  readonly current: () => Content;
  /** Reads nothing any more once it has resolved. */
  readonly close: () => Promise<void>;
};

/** Files that are still refused are read again after twice the time, at most once a minute. */
const longestRetryMs = 60_000;

/**
 * Returns what the files hold, followed through every way of replacing them. Rejects where it is nothing good now. Later
 * the last good content stays where it is nothing good, and the files are read again soon, also without a further change:
 * those that are written one after the other may have been read in between.
 */
export async function followFiles<Content>(options: FollowFilesOptions<Content>): Promise<FollowedFiles<Content>> {
  const { read, isSame, onLoad, onRefusal, retryMs = 1_000 } = options;
  let refusals = 0;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  const reload = async (): Promise<void> => {
    clearTimeout(retry);
    try {
      const next = await read();
      if (isSame(next, current) && refusals === 0) return;
      refusals = 0;
      current = next;
      onLoad(next);
    } catch (error) {
      retry = setTimeout(() => void inTurn(), Math.min(retryMs * 2 ** refusals, longestRetryMs)).unref();
      refusals += 1;
      onRefusal(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const inTurn = async (): Promise<void> => {
    reading = reading.then(async () => (closed ? undefined : reload()));
    return reading;
  };
  const open = async (): Promise<void> => {
    current = await read();
  };
  // The watch comes first, so that no change between the two is missed.
  const watch = watchFiles(options.paths, inTurn, options.watch);
  let current: Content;
  let reading = open();
  try {
    await reading;
  } catch (error) {
    watch.close();
    throw error;
  }
  return {
    current: () => current,
    close: async () => {
      closed = true;
      watch.close();
      await reading;
      clearTimeout(retry);
    },
  };
}
