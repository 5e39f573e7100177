// Makes a pair for a laptop or a test, in memory. Loaded only with --self-signed: the library costs start-up time.
import { generate } from 'selfsigned';

/** A certificate and its key, in PEM. */
export type SelfSignedPair = { readonly cert: string; readonly key: string; readonly notAfter: Date };

/** Days that the pair lives; it is made anew at each start. */
const lifetimeDays = 30;

/** Returns a pair, valid from an hour ago (clocks differ), for the names and for the loopback addresses. */
export async function createSelfSignedPair(dnsNames: readonly string[]): Promise<SelfSignedPair> {
  const dayMs = 24 * 60 * 60 * 1000;
  const notBeforeDate = new Date(Date.now() - dayMs / 24);
  const notAfter = new Date(Date.now() + lifetimeDays * dayMs);
  const { cert, private: key } = await generate([{ name: 'commonName', value: dnsNames[0] ?? 'localhost' }], {
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
        altNames: [
          ...dnsNames.map((value) => ({ type: 2 as const, value })),
          { type: 7 as const, ip: '127.0.0.1' },
          { type: 7 as const, ip: '::1' },
        ],
      },
    ],
  });
  return { cert, key, notAfter };
}
