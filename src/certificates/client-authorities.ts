// Follows the authorities that callers' certificates are verified by.
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { followFiles, type FollowedFiles, type FollowFilesOptions } from '../files/follow.ts';
import { CertificateError } from './files.ts';

/** What following needs. */
export type ClientAuthoritiesOptions = Pick<
  FollowFilesOptions<string>,
  'onLoad' | 'onRefusal' | 'watch' | 'retryMs'
> & {
  readonly path: string;
};

const block = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g;

/**
 * Returns the PEM in a file of one authority or more, followed through every way of replacing it. Rejects with a
 * CertificateError where it holds none now; later the last good ones stay and `onRefusal` says why.
 */
export async function followClientAuthorities(options: ClientAuthoritiesOptions): Promise<FollowedFiles<string>> {
  const { path } = options;
  return followFiles({
    ...options,
    paths: [path],
    read: async () => readAuthorities(path),
    isSame: (next, current) => next === current,
  });
}

/** Every one must be good: OpenSSL passes over what it cannot read, and a caller would be refused for no reason given. */
async function readAuthorities(path: string): Promise<string> {
  try {
    const pem = await readFile(path, 'utf8');
    const certificates = pem.match(block) ?? [];
    if (certificates.length === 0) throw new TypeError('expected certificates in PEM, got none');
    for (const certificate of certificates) {
      if (!new X509Certificate(certificate).ca) throw new TypeError('expected authorities, got another certificate');
    }
    const ca = certificates.join('\n');
    createSecureContext({ ca });
    return ca;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CertificateError(`cannot verify callers by --client-ca-file ${path}: ${message}`, { cause });
  }
}
