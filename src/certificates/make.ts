// Makes authorities and the leaves that they sign. The library costs 20 MB: only what manages certificates loads this.
import { randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509Certificate as ParsedCertificate,
} from '@peculiar/x509';
import { type Authority, createAuthority, type Signer } from './authority.ts';
import { backdateMs } from './backdate.ts';
import type { ServingPair } from './source.ts';

/** P-256: what Go verifies fastest, and what every client of an API server speaks. */
const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** A leaf, its key, and what is looked at to tell when it is to be renewed. Times in milliseconds since 1970. */
export type Leaf = {
  readonly pair: ServingPair;
  readonly certificate: X509Certificate;
  /** Of the authority that signed it. */
  readonly authority: Authority;
  readonly notAfterMs: number;
};

/** What a new authority is made by. */
export type AuthorityOptions = { readonly nowMs: number; readonly lifetimeMs: number };

/** Returns a new authority with a key of its own, valid from an hour ago, as clocks differ. */
export async function makeAuthority({ nowMs, lifetimeMs }: AuthorityOptions): Promise<Signer> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const serialNumber = randomSerialNumber();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber,
      // Each has a name of its own, so that no verifier tries the key of another one.
      name: `CN=irsa-webhook authority ${serialNumber.slice(0, 16)}`,
      notBefore: new Date(nowMs - backdateMs),
      notAfter: new Date(nowMs + lifetimeMs),
      keys,
      signingAlgorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        // oxlint-disable-next-line no-bitwise -- the library's flags
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
        await AuthorityKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  );
  return { ...createAuthority(toPem(certificate)), key: await exportKey(keys.privateKey) };
}

/** What a leaf is made by. */
export type LeafOptions = {
  readonly signer: Signer;
  readonly nowMs: number;
  readonly lifetimeMs: number;
  /** The DNS names that it is valid for. */
  readonly names: readonly string[];
};

/** Returns a leaf with a key of its own, valid from an hour ago; it ends with its authority at the latest. */
export async function makeLeaf({ signer, nowMs, lifetimeMs, names }: LeafOptions): Promise<Leaf> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const authority = new ParsedCertificate(signer.cert);
  const made = await X509CertificateGenerator.create(
    {
      serialNumber: randomSerialNumber(),
      // A common name has 64 characters at most, and the name of a Service may have more. Nobody verifies it.
      subject: 'CN=irsa-webhook',
      issuer: authority.subjectName,
      notBefore: new Date(Math.max(nowMs - backdateMs, signer.notBeforeMs)),
      notAfter: new Date(Math.min(nowMs + lifetimeMs, signer.notAfterMs)),
      publicKey: keys.publicKey,
      signingKey: await importKey(signer.key),
      signingAlgorithm,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
        await AuthorityKeyIdentifierExtension.create(authority),
      ],
    },
    webcrypto,
  );
  const cert = toPem(made);
  const certificate = new X509Certificate(cert);
  return {
    pair: { cert, key: await exportKey(keys.privateKey) },
    certificate,
    authority: withoutKey(signer),
    notAfterMs: certificate.validToDate.getTime(),
  };
}

/** Whoever keeps a leaf does not keep the key of its authority. */
function withoutKey({ cert, certificate, notBeforeMs, notAfterMs }: Signer): Authority {
  return { cert, certificate, notBeforeMs, notAfterMs };
}

/** Returns the names by which a Service is called, as the API server does and as people do when they look for a fault. */
export function serviceNames(service: string, namespace: string): string[] {
  return [
    `${service}.${namespace}.svc`,
    `${service}.${namespace}.svc.cluster.local`,
    `${service}.${namespace}`,
    service,
  ];
}

/** 127 random bits, and positive: RFC 5280, 4.1.2.2, allows 20 bytes; the CA/Browser Forum asks for 64 bits. */
function randomSerialNumber(): string {
  const bytes = randomBytes(16);
  // The first byte may be neither negative nor dropped as a leading zero.
  bytes[0] = 0x40 + ((bytes[0] ?? 0) % 0x40);
  return bytes.toString('hex');
}

function toPem(certificate: ParsedCertificate): string {
  return `${certificate.toString('pem')}\n`;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), keyAlgorithm, false, ['sign']);
}
