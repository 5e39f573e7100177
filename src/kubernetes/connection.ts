// Where the API server is and how to speak to it, however that was found out.

import type { ConnectionOptions } from 'node:tls';
import { KubernetesError } from './errors.ts';

/** What a TLS connection to the API server needs; PEM text or bytes. Without `ca` the system's authorities count. */
export type TlsOptions = Readonly<Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>>;

/** One API server and the credential for it. */
export type Connection = {
  /** http or https; the path is a prefix of every request's path. */
  readonly origin: URL;
  /** Returns the TLS options of now: the same object for as long as nothing in it changed. Never throws. */
  tls(): TlsOptions;
  /**
   * Returns the Authorization header's value (`Bearer ...`, `Basic ...`) or undefined for none. Ask it before tls():
   * an exec plugin may answer with a certificate. Throws or rejects with ERR_KUBERNETES_CREDENTIAL.
   */
  authorization(): string | undefined | Promise<string | undefined>;
  /** Says that the server answered 401 to this authorization: the next call reads the credential again. */
  refused(authorization: string | undefined): void;
};

/** Returns a connection that shows no credential, as client-go makes of a server's URL without a kubeconfig. */
export function createAnonymousConnection(origin: URL): Connection {
  const tls: TlsOptions = {};
  return { origin, tls: () => tls, authorization: () => undefined, refused: () => undefined };
}

/**
 * Parses an API server's URL. Without a scheme it gets `defaultScheme`, as client-go does (`localhost:8080`).
 * `source` names where the text stands, for the message of ERR_KUBERNETES_CONFIG.
 */
export function parseApiServerUrl(text: string, defaultScheme: 'http' | 'https', source: string): URL {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${defaultScheme}://${text}`;
  const url = URL.parse(withScheme);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new KubernetesError(
      'ERR_KUBERNETES_CONFIG',
      `Expected the API server's URL in ${source}, such as https://10.0.0.1:6443, got ${JSON.stringify(text)}`,
    );
  }
  return url;
}
