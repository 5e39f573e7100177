// Certificates in PEM, one or many.
import { X509Certificate } from 'node:crypto';

const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';
const block = new RegExp(`${begin}([A-Za-z0-9+/=\\s]*)${end}`, 'g');

/** A certificate of a bundle. */
export type BundledCertificate = {
  /** In the form of {@link toCertificatePem}. */
  readonly cert: string;
  readonly certificate: X509Certificate;
};

/** What a text of certificates holds. */
export type CertificateList = {
  readonly certificates: readonly BundledCertificate[];
  /** Blocks of PEM, or pieces of such, that are no certificate. Text between blocks is allowed and not counted. */
  readonly unreadableCount: number;
};

/** Returns a certificate in the one form of PEM that this program writes: 64 characters a line, a line break at the end. */
export function toCertificatePem(raw: Buffer): string {
  const lines = raw.toString('base64').match(/.{1,64}/g) ?? [];
  return `${begin}\n${lines.join('\n')}\n${end}\n`;
}

/** Returns the certificates of a text that may hold anything, in their order, each once. Never throws. */
export function readCertificates(text: string): CertificateList {
  const certificates = new Map<string, BundledCertificate>();
  let readableCount = 0;
  for (const [pem] of text.matchAll(block)) {
    const certificate = parse(pem);
    if (certificate === undefined) continue;
    readableCount += 1;
    const cert = toCertificatePem(certificate.raw);
    certificates.set(cert, { cert, certificate });
  }
  const blockCount = text.split('-----BEGIN').length - 1;
  return { certificates: [...certificates.values()], unreadableCount: blockCount - readableCount };
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
