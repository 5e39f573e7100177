// Keeps one file system watcher open on each wanted folder, through errors and replaced folders.

import { statSync, watch } from 'node:fs';

/** Watches one folder: calls `onEvent` at any change in it, `onError` when it stops working. May throw. */
export type WatchFolder = (folder: string, onEvent: () => void, onError: () => void) => { close(): void };

/** Watches a folder by fs.watch (inotify on Linux), without keeping the process alive. */
export const watchFolder: WatchFolder = (folder, onEvent, onError) => {
  const watcher = watch(folder, { persistent: false }, onEvent);
  watcher.on('error', onError);
  return watcher;
};

/** The set of open watchers. */
export type FolderWatchers = {
  /** Opens what is wanted and not open, closes what is not wanted any more. A folder that fails is tried next time. */
  want(folders: ReadonlySet<string>): void;
  close(): void;
};

/** Returns a set of watchers that call `onEvent` for a change in any of the folders; nothing here ever throws. */
export function createFolderWatchers(watchOne: WatchFolder, onEvent: () => void): FolderWatchers {
  // A watcher follows the folder it was opened on; one that was put in its place under the same name needs a new one.
  const open = new Map<string, { readonly identity: string; close(): void }>();

  const drop = (folder: string) => {
    open.get(folder)?.close();
    open.delete(folder);
  };

  const add = (folder: string, identity: string) => {
    try {
      const watcher = watchOne(folder, onEvent, () => drop(folder));
      open.set(folder, { identity, close: () => watcher.close() });
    } catch {
      // No inotify watch left (ENOSPC), or the folder went away: the caller's poll is the safety net.
    }
  };

  return {
    want(folders) {
      for (const folder of open.keys()) if (!folders.has(folder)) drop(folder);
      for (const folder of folders) {
        const identity = readIdentity(folder);
        if (open.get(folder)?.identity === identity) continue;
        drop(folder);
        if (identity !== undefined) add(folder, identity);
      }
    },
    close() {
      for (const folder of open.keys()) drop(folder);
    },
  };
}

/** The time of birth tells apart two folders of one inode: ext4 gives a freed number to the next that asks. */
function readIdentity(folder: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs } = statSync(folder, { bigint: true });
    return [dev, ino, birthtimeNs].join(' ');
  } catch {
    return undefined;
  }
}
