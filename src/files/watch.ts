// Calls back when files or folders changed, however they were changed.

import { realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fingerprint } from './fingerprint.ts';
import { createFolderWatchers, type WatchFolder, watchFolder } from './folder-watchers.ts';

/** How a watch behaves; every field has a default. */
export type WatchOptions = {
  /** From the first event to the look at the files, so that one replacement is one call. Default 100. */
  readonly debounceMs?: number;
  /** Looks without any event: inotify may be used up, and network file systems send none. Default 10,000. */
  readonly pollMs?: number;
  /** Told what `onChange` threw or rejected with, which is dropped otherwise. */
  readonly onError?: (error: unknown) => void;
  /** Default: fs.watch. */
  readonly watchFolder?: WatchFolder;
};

/**
 * Calls `onChange` when the fingerprint of any of the paths changed: a file or a folder, each of which may be missing
 * now, a symlink, or replaced as a whole (the kubelet turns `..data` to a new folder; editors rename into place).
 *
 * Start the watch first and read the files after it: no change is then missed. Calls never overlap; a change during a
 * call is followed by another call. Nothing here throws, and nothing keeps the process alive.
 */
export function watchFiles(
  paths: readonly string[],
  onChange: () => void | Promise<void>,
  options: WatchOptions = {},
): { close(): void } {
  const { debounceMs = 100, pollMs = 10_000, onError } = options;
  const absolutePaths = paths.map((path) => resolve(path));
  const look = () => absolutePaths.map(fingerprint).join('\n\n');

  let calling = false;
  let closed = false;
  let soon: NodeJS.Timeout | undefined;

  // Not put off by further events: a folder that never rests is still looked at every `debounceMs`.
  const schedule = () => {
    if (!closed) soon ??= setTimeout(() => void check(), debounceMs).unref();
  };

  const check = async () => {
    soon = undefined;
    if (calling || closed) return;
    watchers.want(foldersOf(absolutePaths));
    const now = look();
    if (now === seen) return;
    seen = now;
    calling = true;
    await callAndCatch(onChange, onError);
    calling = false;
    schedule();
  };

  // Watching before the first look: what changes in between is at worst looked at twice.
  const watchers = createFolderWatchers(options.watchFolder ?? watchFolder, schedule);
  watchers.want(foldersOf(absolutePaths));
  let seen = look();
  const poll = setInterval(() => void check(), pollMs).unref();

  return {
    close() {
      closed = true;
      clearTimeout(soon);
      clearInterval(poll);
      watchers.close();
    },
  };
}

/** Where events about these paths appear: the folder that names each, the one its symlinks end in, and itself. */
function foldersOf(paths: readonly string[]): Set<string> {
  return new Set(paths.flatMap((path) => [dirname(path), ...realFolders(path)]));
}

function realFolders(path: string): string[] {
  try {
    const real = realpathSync.native(path);
    return statSync(real).isDirectory() ? [dirname(real), real] : [dirname(real)];
  } catch {
    return [];
  }
}

async function callAndCatch(onChange: () => void | Promise<void>, onError?: (error: unknown) => void): Promise<void> {
  try {
    await onChange();
  } catch (error) {
    onError?.(error);
  }
}
