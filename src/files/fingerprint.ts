// Tells whether the content behind a path may have changed, without reading it.

import { type BigIntStats, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Returns a text that differs when the file at `path`, or a file right inside the folder at `path`, was written,
 * replaced, added or removed. What cannot be looked at is part of the text (its error code), so this never throws.
 *
 * Synchronous on purpose: a watcher's first fingerprint is then taken before its caller reads, and no change falls
 * between the two. 8 us a file on a local disk.
 */
export function fingerprint(path: string): string {
  return attempt(() => {
    const stats = statSync(path, { bigint: true });
    return stats.isDirectory() ? folderFingerprint(path) : fileFingerprint(path, stats);
  });
}

function folderFingerprint(folder: string): string {
  const names = readdirSync(folder).toSorted();
  const lines = names.map((name) => attempt(() => entryFingerprint(join(folder, name))));
  return [realpathSync.native(folder), ...names.map((name, index) => `${name} ${lines[index] ?? ''}`)].join('\n');
}

/** Folders inside a folder say nothing here: the kubelet's `..data` shows in the files that link through it. */
function entryFingerprint(path: string): string {
  const stats = statSync(path, { bigint: true });
  return stats.isDirectory() ? 'folder' : fileFingerprint(path, stats);
}

/** The real path sees a symlink swap even where the new file got the old one's inode, size and time. */
function fileFingerprint(path: string, { ino, mtimeNs, size, mode }: BigIntStats): string {
  return [realpathSync.native(path), ino, mtimeNs, size, mode].join(' ');
}

function attempt(look: () => string): string {
  try {
    return look();
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
  }
}
