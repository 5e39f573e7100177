// Follows the serving pair in two files, and never serves with less than it had.
import { watchFiles, type WatchOptions } from '../files/watch.ts';
import { CertificateError, type PairFile, readPair } from './files.ts';
import type { CertificateSource, ServingPair } from './source.ts';
import { whyNotValid } from './validity.ts';

/** How a reading of changed files went: what is served from now on, or why the last good pair stays. */
export type CertificateReload = { readonly notAfter: Date } | { readonly error: Error };

/** What a source of files needs. */
export type FileCertificatesOptions = {
  readonly certPath: string;
  readonly keyPath: string;
  /** The wall clock, in milliseconds. */
  readonly now: () => number;
  readonly onReload: (reload: CertificateReload) => void;
  /** For the watch of the files; the defaults but in tests. */
  readonly watch?: Pick<WatchOptions, 'debounceMs' | 'pollMs'>;
  /** First wait before a pair that was refused is read again; default 1,000. */
  readonly retryMs?: number;
};

/** A pair that is still refused is read again after twice the time, at most once a minute. */
const longestRetryMs = 60_000;

/**
 * Returns the pair in the files, followed through every way of replacing them. Rejects with a CertificateError where they
 * hold none that can serve now; later, the last good pair stays and `onReload` says why. A pair that is refused is read
 * again soon, also without a further change: files that are written one after the other may have been read in between,
 * and a certificate that is not valid yet will be.
 */
export async function createFileCertificates(options: FileCertificatesOptions): Promise<CertificateSource> {
  const { certPath, keyPath, now, onReload, retryMs = 1_000 } = options;
  let use: ((pair: ServingPair) => void) | undefined;
  let refusals = 0;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  const reload = async (): Promise<void> => {
    clearTimeout(retry);
    try {
      const next = await readPair(certPath, keyPath);
      refuseWorse(next, current, now());
      if (next.cert === current.cert && next.key === current.key && refusals === 0) return;
      refusals = 0;
      current = next;
      use?.(next);
      onReload({ notAfter: next.notAfter });
    } catch (error) {
      retry = setTimeout(() => void inTurn(), Math.min(retryMs * 2 ** refusals, longestRetryMs)).unref();
      refusals += 1;
      onReload({ error: error instanceof Error ? error : new Error(String(error)) });
    }
  };
  const inTurn = async (): Promise<void> => {
    reading = reading.then(async () => (closed ? undefined : reload()));
    return reading;
  };
  const open = async (): Promise<void> => {
    current = await readPair(certPath, keyPath);
  };
  // The watch comes first, so that no change between the two is missed.
  const watch = watchFiles([certPath, keyPath], inTurn, options.watch);
  let current: PairFile;
  let reading = open();
  try {
    await reading;
  } catch (error) {
    watch.close();
    throw error;
  }
  return {
    pair: () => current,
    notAfter: () => current.notAfter,
    follow: (follower) => {
      use = follower;
    },
    notReady: () => {
      const reason = whyNotValid(current, now());
      return reason && `the certificate in ${certPath} ${reason}`;
    },
    close: async () => {
      closed = true;
      watch.close();
      await reading;
      clearTimeout(retry);
    },
  };
}

/** Every caller would refuse a certificate that is not valid; one that is not valid any more is replaced by any other. */
function refuseWorse(next: PairFile, current: PairFile, nowMs: number): void {
  const reason = whyNotValid(next, nowMs);
  if (reason === undefined || whyNotValid(current, nowMs) !== undefined) return;
  throw new CertificateError(`the new certificate ${reason}, and the one that is served is valid`);
}
