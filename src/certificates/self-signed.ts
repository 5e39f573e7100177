// Makes a pair for a laptop or a test, in memory. Loaded only with --self-signed: the library costs start-up time.
import { isIP } from 'node:net';
import { generate } from 'selfsigned';
import type { ServingPair } from './source.ts';
import type { Validity } from './validity.ts';

/** A certificate and its key, in PEM. */
export type SelfSignedPair = ServingPair & Validity;

const hourMs = 60 * 60 * 1000;
/** How long a pair lives; it is made anew at each start. */
const usualLifetimeMs = 30 * 24 * hourMs;

const loopback = ['localhost', '127.0.0.1', '::1'];

/** Returns a pair, valid from an hour ago (clocks differ), for the hosts, which are names or addresses, and for loopback. */
export async function createSelfSignedPair(
  hosts: readonly string[],
  { nowMs = Date.now(), lifetimeMs = usualLifetimeMs } = {},
): Promise<SelfSignedPair> {
  const notBefore = new Date(nowMs - hourMs);
  const notAfter = new Date(nowMs + lifetimeMs);
  const { cert, private: key } = await generate([{ name: 'commonName', value: hosts[0] ?? 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: notBefore,
    notAfterDate: notAfter,
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [...new Set([...hosts, ...loopback])].map((host) =>
          isIP(host) === 0 ? { type: 2 as const, value: host } : { type: 7 as const, ip: host },
        ),
      },
    ],
  });
  return { cert, key, notBefore, notAfter };
}
