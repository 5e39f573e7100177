/** What a port serves, as a TLS client sees it. */
import { once } from 'node:events';
import type { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';

const timeoutMs = 5_000;

/** Returns the certificate that a port of loopback serves, whoever signed it. Rejects where there is no handshake. */
export async function servedAt(port: number): Promise<X509Certificate> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(timeoutMs) });
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) throw new Error('Expected a certificate, got none.');
    return certificate;
  } finally {
    socket.destroy();
  }
}

/** Serial numbers of leaves, and names of the authorities that signed them. */
export type Seen = { readonly serials: Set<string>; readonly issuers: Set<string> };

/** Looks at a port five times a second until told to end, and returns what it served; `seen` has it as it comes. */
export async function watchHandshakes(
  port: number,
  ended: AbortSignal,
  seen: Seen = { serials: new Set(), issuers: new Set() },
): Promise<Seen> {
  while (!ended.aborted) {
    const certificate = await servedAt(port).catch(() => undefined);
    if (certificate !== undefined) {
      seen.serials.add(certificate.serialNumber);
      seen.issuers.add(certificate.issuer);
    }
    await sleep(200);
  }
  return seen;
}
