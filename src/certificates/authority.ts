// Reads an authority: what it must be to sign leaves that the API server takes.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { toCertificatePem } from './pem.ts';

/** Far more than a certificate or key of any kind has; what is longer is not even parsed. */
const maxPemLength = 65_536;

/** An authority that leaves can be verified by. Times in milliseconds since 1970. */
export type Authority = {
  /** PEM, one certificate, in the one form that {@link toCertificatePem} gives it, so that equal ones are equal texts. */
  readonly cert: string;
  readonly certificate: X509Certificate;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
};

/** An authority with its key in PEM (PKCS #8), by which it signs. */
export type Signer = Authority & { readonly key: string };

/** Returns the authority that a PEM text of one certificate is. Throws where it is none. */
export function createAuthority(pem: string): Authority {
  if (pem.length > maxPemLength) throw new Error(`expected one certificate, got ${String(pem.length)} characters`);
  const count = pem.split('-----BEGIN ').length - 1;
  if (count !== 1) throw new Error(`expected one certificate in PEM, got ${String(count)}`);
  const certificate = new X509Certificate(pem);
  if (!certificate.ca) throw new Error('expected the certificate of an authority, got one with CA:FALSE');
  return {
    cert: toCertificatePem(certificate.raw),
    certificate,
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
  };
}

/**
 * Returns the authority that signs with this key. Throws where the key is not the certificate's, or is not one on the
 * curve P-256, which is the only kind that is ever made here.
 */
export function createSigner(certPem: string, keyPem: string): Signer {
  const authority = createAuthority(certPem);
  if (keyPem.length > maxPemLength) throw new Error(`expected one key, got ${String(keyPem.length)} characters`);
  const key = createPrivateKey(keyPem);
  if (!authority.certificate.checkPrivateKey(key)) throw new Error("expected the certificate's key, got another one");
  const curve = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType;
  if (curve !== 'prime256v1') throw new Error(`expected a key on the curve P-256, got one of ${String(curve)}`);
  return { ...authority, key: key.export({ type: 'pkcs8', format: 'pem' }) };
}

/** Returns whether two are one and the same. */
export function isSame(one: Authority | undefined, other: Authority | undefined): boolean {
  return one !== undefined && one.cert === other?.cert;
}
