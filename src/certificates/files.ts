// Reads the serving pair from files and proves that it can serve before anything relies on it.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { ServingPair } from './source.ts';
import type { Validity } from './validity.ts';

/** A certificate chain and its key, in PEM, and from when to when the first of the chain is valid. */
export type PairFile = ServingPair & Validity;

/** The files hold no pair that can serve. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
  readonly code = 'ERR_CERTIFICATE';
}

/**
 * Returns the pair in two PEM files. Rejects with a {@link CertificateError} that names the file where one is missing,
 * empty, unparsable, or the key is not the certificate's (Node takes an empty pair and then fails every handshake), and
 * that names both where OpenSSL does not take them together: a broken chain, a key that is too short.
 */
export async function readPair(certPath: string, keyPath: string): Promise<PairFile> {
  const [cert, key] = await Promise.all([readText('--tls-cert', certPath), readText('--tls-key', keyPath)]);
  const certificate = parse('--tls-cert', certPath, () => new X509Certificate(cert));
  const privateKey: KeyObject = parse('--tls-key', keyPath, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new CertificateError(
      `the key in ${keyPath} (--tls-key) is not that of the certificate in ${certPath} (--tls-cert)`,
    );
  }
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new CertificateError(
      `expected a pair that can serve in ${certPath} (--tls-cert) and ${keyPath} (--tls-key): ${messageOf(cause)}`,
      { cause },
    );
  }
  return { cert, key, notBefore: certificate.validFromDate, notAfter: certificate.validToDate };
}

async function readText(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CertificateError(`cannot read ${flag} ${path}: ${messageOf(cause)}`, { cause });
  }
}

function parse<T>(flag: string, path: string, parser: () => T): T {
  try {
    return parser();
  } catch (cause) {
    throw new CertificateError(`expected PEM in ${flag} ${path}, got something else: ${messageOf(cause)}`, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
