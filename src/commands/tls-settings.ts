// What --tls-min-version and --tls-cipher-suites mean to OpenSSL. The names are those of Go.
import { UsageError } from './flag-values.ts';

/** What the TLS port is restricted to. */
export type TlsSettings = {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL's names, separated by colons; undefined: Node's choice. */
  readonly ciphers?: string;
};

/** The Go webhook's spellings (its pkg/validation.go). OpenSSL offers nothing below 1.2, so that is the least. */
const versions: ReadonlyMap<string, TlsSettings['minVersion']> = new Map([
  ['', 'TLSv1.2'],
  ['1.0', 'TLSv1.2'],
  ['VersionTLS10', 'TLSv1.2'],
  ['1.1', 'TLSv1.2'],
  ['VersionTLS11', 'TLSv1.2'],
  ['1.2', 'TLSv1.2'],
  ['VersionTLS12', 'TLSv1.2'],
  ['1.3', 'TLSv1.3'],
  ['VersionTLS13', 'TLSv1.3'],
]);

/** Always on where TLS 1.3 is spoken: neither Go nor this program lets anyone choose among them. */
const tls13Suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** IANA's names of the suites that both Go and OpenSSL have, and OpenSSL's names of them. */
const tls12Suites: ReadonlyMap<string, string> = new Map([
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ECDHE-ECDSA-AES128-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 'ECDHE-ECDSA-AES128-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ECDHE-ECDSA-AES256-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ECDHE-RSA-AES128-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'ECDHE-RSA-AES128-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA256', 'AES128-SHA256'],
  ['TLS_RSA_WITH_AES_128_GCM_SHA256', 'AES128-GCM-SHA256'],
  ['TLS_RSA_WITH_AES_256_CBC_SHA', 'AES256-SHA'],
  ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
]);

/** Returns what the two flags ask for. Throws a {@link UsageError} that names the version or suite that there is not. */
export function parseTlsSettings(minVersionText: string, cipherSuitesText: string): TlsSettings {
  const minVersion = versions.get(minVersionText);
  if (minVersion === undefined) {
    throw new UsageError(`--tls-min-version: expected 1.0, 1.1, 1.2 or 1.3, got ${JSON.stringify(minVersionText)}`);
  }
  const names = cipherSuitesText
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0) return { minVersion };
  const ciphers = names.flatMap((name) => {
    if (tls13Suites.includes(name)) return [];
    const cipher = tls12Suites.get(name);
    if (cipher !== undefined) return [cipher];
    throw new UsageError(
      `--tls-cipher-suites: expected IANA names such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, got ${JSON.stringify(name)}`,
    );
  });
  return { minVersion, ciphers: [...tls13Suites, ...ciphers].join(':') };
}
