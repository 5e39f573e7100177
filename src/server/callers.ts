// Lets only callers with the right certificate send reviews.
import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { AddRoutes } from './app.ts';
import type { TakeTurns } from './body-turns.ts';
import { type Refusal, sendLastRefusal } from './status.ts';

/** What verifying callers needs. */
export type CallerCheckOptions = {
  /** Where callers are verified; elsewhere, as on the health paths, kubelets come without a certificate. */
  readonly paths: readonly string[];
  /** Names of which a certificate must have one; none: every certificate of the authorities will do. */
  readonly names: readonly string[];
  /** How the body of a refused call is passed over. */
  readonly bodyTurns: TakeTurns;
  readonly onRefusal: (refusal: Refusal) => void;
};

/**
 * Returns what comes before the routes of these paths, and answers with a 403 who has no certificate of the authorities that the port was opened with,
 * or one without any of the names. A verdict is that of the connection: it was verified when that was opened.
 */
export function createCallerCheck({ paths, names, bodyTurns, onRefusal }: CallerCheckOptions): AddRoutes {
  const verdicts = new WeakMap<object, Refusal | 'admitted'>();
  return (router) => {
    router.all([...paths], (request, response, next) => {
      const { socket } = request;
      const verdict = verdicts.get(socket) ?? refuseCaller(socket, names) ?? 'admitted';
      verdicts.set(socket, verdict);
      if (verdict === 'admitted') {
        next();
        return;
      }
      onRefusal(verdict);
      bodyTurns(request, () => false);
      sendLastRefusal(request, response, verdict);
    });
  };
}

function refuseCaller(socket: object, names: readonly string[]): Refusal | undefined {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) {
    return refusal('ERR_CLIENT_CERTIFICATE_MISSING', 'expected a client certificate, got none');
  }
  if (!(socket instanceof TLSSocket && socket.authorized)) {
    return refusal('ERR_CLIENT_CERTIFICATE', 'expected a client certificate of the authorities in --client-ca-file');
  }
  if (names.length === 0 || names.some((name) => hasName(certificate, name))) return undefined;
  return refusal('ERR_CLIENT_NAME', 'expected a client certificate with a name of --client-name, got another one');
}

/** As the common name, whole, or a DNS name without wildcards. */
function hasName(certificate: X509Certificate, name: string): boolean {
  const { CN } = certificate.toLegacyObject().subject as { readonly CN?: string | readonly string[] };
  if (CN === name || (Array.isArray(CN) && CN.includes(name))) return true;
  return certificate.checkHost(name, { subject: 'never', wildcards: false }) === name;
}

function refusal(code: string, message: string): Refusal {
  return { statusCode: 403, code, message };
}
