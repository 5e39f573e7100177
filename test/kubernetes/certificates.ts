// Certificates for the servers and clients of a test.

import { generate } from 'selfsigned';

export type Pair = { readonly cert: string; readonly key: string };

/** A pair for the names, signed by `authority`; without one it is an authority itself. */
export async function createPair(names: readonly string[], authority?: Pair): Promise<Pair> {
  const altNames = names.map((name) =>
    /^[\d.]+$/.test(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
  );
  const { cert, private: key } = await generate([{ name: 'commonName', value: names[0] ?? 'test-authority' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: authority === undefined, critical: true },
      ...(names.length > 0 ? [{ name: 'subjectAltName' as const, altNames }] : []),
    ],
    ...(authority !== undefined && { ca: authority }),
  });
  return { cert, key };
}
