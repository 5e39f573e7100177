// Turns what Node throws about a connection into our error, with advice.

import { KubernetesError } from './errors.ts';

/** Advice by Node's code; anything else needs none. */
const adviceByCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'no such host name; check the URL and DNS',
  EAI_AGAIN: 'DNS gave no answer',
  EPROTO: 'is one side http and the other https?',
};

/**
 * OpenSSL's words for a certificate that does not verify (nodejs.org/api/tls.html, "X509 certificate error codes") and
 * Node's own for a name that is not in it. ERR_SSL_ is the server's alert about our certificate, not about its own.
 */
const certificateCode = /^(?!ERR_SSL_).*CERT|^UNABLE_TO_|^CRL_|^INVALID_(CA|PURPOSE)$|^HOSTNAME_MISMATCH$/;

/** Returns a KubernetesError that says what happened to a call to `url`, which must hold no secret. */
export function toKubernetesError(error: unknown, url: string): KubernetesError {
  if (error instanceof KubernetesError) return error;
  const code = codeOf(error);
  if (certificateCode.test(code)) {
    return new KubernetesError(
      'ERR_KUBERNETES_CERTIFICATE',
      `Expected a certificate of ${url} that the configured CA vouches for, got ${code}: ${textOf(error)}. ` +
        'Check certificate-authority and tls-server-name in the kubeconfig, or ca.crt of the service account',
      { cause: error },
    );
  }
  const advice = adviceByCode[code];
  return new KubernetesError(
    'ERR_KUBERNETES_CONNECTION',
    `Expected an answer from ${url}, got ${[code, textOf(error), advice].filter(Boolean).join(': ')}`,
    { cause: error },
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** An AggregateError of several addresses has no message of its own. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(textOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
