// Reads a small file that somebody else replaces now and then, and never loses what it held.

import { readFileSync } from 'node:fs';

/** A file's text, as it was when it was last there and not empty. */
export type LastGoodFile = {
  /** Returns the trimmed text, or undefined while there was never any. Never throws. */
  read(): string | undefined;
  /** Makes the next read() look at the file, however young the text is. */
  expire(): void;
};

/** What a file is read by. */
export type LastGoodFileOptions = {
  readonly path: string;
  /** A text this old is read again. */
  readonly maxAgeMs: number;
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
};

/** Returns a reader of the file at `path`. A file that is missing or empty is looked at again at every read. */
export function createLastGoodFile({ path, maxAgeMs, now }: LastGoodFileOptions): LastGoodFile {
  let text: string | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  return {
    read() {
      if (now() - readAtMs < maxAgeMs) return text;
      const found = readText(path);
      if (found === '') return text;
      readAtMs = now();
      text = found;
      return text;
    },
    expire() {
      readAtMs = Number.NEGATIVE_INFINITY;
    },
  };
}

/** Synchronous on purpose: a kilobyte of the kubelet's tmpfs, or of a local disk, in 20 us. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
