// What the TLS port is opened with, whole each time: Node forgets at a change what it is not given again.
import { constants } from 'node:crypto';
import type { SecureContextOptions, SecureVersion } from 'node:tls';

/** A certificate chain and its key, in PEM. */
export type ServingPair = { readonly cert: string; readonly key: string };

/** What may change while the port is open. */
export type TlsMaterial = {
  readonly pair: ServingPair;
  /** Authorities of callers, in PEM; only where callers are verified. */
  readonly clientAuthorities?: string;
};

/** What is fixed for the life of the port. */
export type TlsSettings = {
  readonly minVersion: SecureVersion;
  /** OpenSSL's names, separated by colons; undefined: Node's choice. */
  readonly ciphers?: string;
};

/**
 * Returns every option of a secure context. Throws where the pair is empty: Node takes that and then fails each handshake.
 *
 * Renegotiation (TLS 1.2) is off: a caller could make the server do handshake after handshake on one connection. Where
 * callers are verified there are no session tickets, so that each connection is verified by the authorities of now.
 */
export function secureContextOptions(settings: TlsSettings, material: TlsMaterial): SecureContextOptions {
  const { pair, clientAuthorities } = material;
  if (pair.cert === '' || pair.key === '') throw new TypeError('expected a certificate and its key, got an empty text');
  const noTickets = clientAuthorities === undefined ? 0 : constants.SSL_OP_NO_TICKET;
  return {
    cert: pair.cert,
    key: pair.key,
    minVersion: settings.minVersion,
    ...(settings.ciphers !== undefined && { ciphers: settings.ciphers }),
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | noTickets,
    ...(clientAuthorities !== undefined && { ca: clientAuthorities }),
  };
}
