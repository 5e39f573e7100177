// Reads and merges a caBundle: the authorities that an API server verifies a webhook by.
import { readCertificates } from './pem.ts';
import type { Bundle } from './rotation.ts';

/** Returns what a `caBundle` of the API, PEM in base64, holds at this time. Never throws. */
export function readBundle(caBundle: string, nowMs: number): Bundle {
  const { certificates, unreadableCount } = readCertificates(decode(caBundle));
  const certs = new Set<string>();
  const ended = new Set<string>();
  for (const { cert, certificate } of certificates) {
    (certificate.validToDate.getTime() > nowMs ? certs : ended).add(cert);
  }
  return { certs, ended, isFaulty: unreadableCount > 0 };
}

/** What a bundle is to hold. */
export type BundleChange = {
  readonly wanted: readonly string[];
  readonly unwanted: readonly string[];
  readonly nowMs: number;
};

/** A bundle after a change, and what was taken out besides what is unwanted. */
export type MergedBundle = {
  /** As the API has it, PEM in base64. */
  readonly caBundle: string;
  /** Certificates that have ended. */
  readonly expiredCount: number;
  /** What was no certificate. */
  readonly unreadableCount: number;
};

/**
 * Returns the bundle with what is wanted in front, and behind it all others that have not ended: other people's stay, as
 * somebody may serve by them.
 */
export function mergeBundle(caBundle: string, { wanted, unwanted, nowMs }: BundleChange): MergedBundle {
  const { certificates, unreadableCount } = readCertificates(decode(caBundle));
  const alive = certificates.filter(({ certificate }) => certificate.validToDate.getTime() > nowMs);
  const kept = alive.map(({ cert }) => cert).filter((cert) => !unwanted.includes(cert));
  return {
    caBundle: Buffer.from([...new Set([...wanted, ...kept])].join('')).toString('base64'),
    expiredCount: certificates.length - alive.length,
    unreadableCount,
  };
}

/** Base64 that is none becomes other bytes, which are no PEM either. */
function decode(caBundle: string): string {
  return Buffer.from(caBundle, 'base64').toString('latin1');
}
