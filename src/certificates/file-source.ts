// Follows the serving pair in two files, and never serves with less than it had.
import { followFiles, type FollowFilesOptions } from '../files/follow.ts';
import { CertificateError, type PairFile, readPair } from './files.ts';
import type { CertificateSource, ServingPair } from './source.ts';
import { whyNotValid } from './validity.ts';

/** How a reading of changed files went: what is served from now on, or why the last good pair stays. */
export type CertificateReload = { readonly notAfter: Date } | { readonly error: Error };

/** What a source of files needs. */
export type FileCertificatesOptions = Pick<FollowFilesOptions<PairFile>, 'watch' | 'retryMs'> & {
  readonly certPath: string;
  readonly keyPath: string;
  /** The wall clock, in milliseconds. */
  readonly now: () => number;
  readonly onReload: (reload: CertificateReload) => void;
};

/**
 * Returns the pair in the files, followed through every way of replacing them. Rejects with a CertificateError where they
 * hold none that can serve now; later, the last good pair stays and `onReload` says why. A pair that is refused is read
 * again soon: a certificate that is not valid yet will be.
 */
export async function createFileCertificates(options: FileCertificatesOptions): Promise<CertificateSource> {
  const { certPath, keyPath, now, onReload, watch, retryMs } = options;
  let use: ((pair: ServingPair) => void) | undefined;
  const files = await followFiles<PairFile>({
    paths: [certPath, keyPath],
    read: async () => readPair(certPath, keyPath),
    isSame: (next, current) => {
      refuseWorse(next, current, now());
      return next.cert === current.cert && next.key === current.key;
    },
    onLoad: (pair) => {
      use?.(pair);
      onReload({ notAfter: pair.notAfter });
    },
    onRefusal: (error) => {
      onReload({ error });
    },
    watch,
    retryMs,
  });
  return {
    pair: files.current,
    notAfter: () => files.current().notAfter,
    follow: (follower) => {
      use = follower;
    },
    notReady: () => {
      const reason = whyNotValid(files.current(), now());
      return reason && `the certificate in ${certPath} ${reason}`;
    },
    close: files.close,
  };
}

/** Every caller would refuse a certificate that is not valid; one that is not valid any more is replaced by any other. */
function refuseWorse(next: PairFile, current: PairFile, nowMs: number): void {
  const reason = whyNotValid(next, nowMs);
  if (reason === undefined || whyNotValid(current, nowMs) !== undefined) return;
  throw new CertificateError(`the new certificate ${reason}, and the one that is served is valid`);
}
