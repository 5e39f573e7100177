// What the TLS flags come to: Go's names in, OpenSSL's out, and a server that keeps to them.
import assert from 'node:assert/strict';
import { createSecureContext } from 'node:tls';
import { UsageError } from '../../src/commands/flag-values.ts';
import { parseTlsSettings } from '../../src/commands/tls-settings.ts';

describe('commands/tls-settings', () => {
  for (const [text, minVersion] of [
    ['', 'TLSv1.2'],
    ['1.0', 'TLSv1.2'],
    ['VersionTLS11', 'TLSv1.2'],
    ['1.2', 'TLSv1.2'],
    ['VersionTLS12', 'TLSv1.2'],
    ['1.3', 'TLSv1.3'],
    ['VersionTLS13', 'TLSv1.3'],
  ] as const) {
    it(`takes --tls-min-version=${text} for ${minVersion}`, () => {
      assert.deepEqual(parseTlsSettings(text, ''), { minVersion });
    });
  }

  it('translates suites, drops what is blank, and keeps those of TLS 1.3', () => {
    const { ciphers = '' } = parseTlsSettings(
      '',
      ' TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_AES_128_GCM_SHA256',
    );
    assert.equal(
      ciphers,
      'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:' +
        'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305',
    );
    // OpenSSL throws where it knows none of them.
    createSecureContext({ ciphers });
  });

  for (const [version, suites, message] of [
    ['1.4', '', '--tls-min-version: expected 1.0, 1.1, 1.2 or 1.3, got "1.4"'],
    ['TLSv1.2', '', '--tls-min-version: expected 1.0, 1.1, 1.2 or 1.3, got "TLSv1.2"'],
    [
      '',
      'ECDHE-RSA-AES128-GCM-SHA256',
      '--tls-cipher-suites: expected IANA names such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, got "ECDHE-RSA-AES128-GCM-SHA256"',
    ],
    [
      '',
      'TLS_RSA_WITH_RC4_128_SHA',
      '--tls-cipher-suites: expected IANA names such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, got "TLS_RSA_WITH_RC4_128_SHA"',
    ],
  ] as const) {
    it(`refuses ${version}${suites}`, () => {
      assert.throws(
        () => parseTlsSettings(version, suites),
        (error: unknown) => error instanceof UsageError && error.message === message,
      );
    });
  }
});
