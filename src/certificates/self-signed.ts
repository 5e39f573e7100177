// Makes a pair for a laptop or a test, in memory. Loaded only with --self-signed: the library costs start-up time.
import { isIP } from 'node:net';
import { generate } from 'selfsigned';

/** A certificate and its key, in PEM. */
export type SelfSignedPair = { readonly cert: string; readonly key: string; readonly notAfter: Date };

/** Days that the pair lives; it is made anew at each start. */
const lifetimeDays = 30;

const loopback = ['localhost', '127.0.0.1', '::1'];

/** Returns a pair, valid from an hour ago (clocks differ), for the hosts, which are names or addresses, and for loopback. */
export async function createSelfSignedPair(hosts: readonly string[]): Promise<SelfSignedPair> {
  const dayMs = 24 * 60 * 60 * 1000;
  const notBeforeDate = new Date(Date.now() - dayMs / 24);
  const notAfter = new Date(Date.now() + lifetimeDays * dayMs);
  const { cert, private: key } = await generate([{ name: 'commonName', value: hosts[0] ?? 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate,
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
  return { cert, key, notAfter };
}
