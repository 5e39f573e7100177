// What anybody may have written into the Secret or a caBundle: nothing throws, and it is said.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { Signer } from '../../src/certificates/authority.ts';
import { readAuthorityState, secretKeys, writeAuthorityState } from '../../src/certificates/authority-secret.ts';
import { mergeBundle, readBundle } from '../../src/certificates/ca-bundle.ts';
import { makeAuthority, makeLeaf } from '../../src/certificates/make.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64');

describe('certificates: hostile content', () => {
  const nowMs = Date.now();
  let a: Signer;
  let b: Signer;
  let ended: Signer;
  let leafCert: string;

  before(async () => {
    [a, b] = [await makeAuthority({ nowMs, lifetimeMs: 60_000 }), await makeAuthority({ nowMs, lifetimeMs: 60_000 })];
    ended = await makeAuthority({ nowMs: nowMs - 120_000, lifetimeMs: 60_000 });
    leafCert = (await makeLeaf({ signer: a, nowMs, lifetimeMs: 5_000, names: ['a'] })).pair.cert;
  });

  it('a state is read as it was written', () => {
    const state = { signer: a, next: b, old: undefined, switchedAtMs: undefined };
    const { state: read, faults } = readAuthorityState(writeAuthorityState(state));
    assert.deepEqual([read.signer?.cert, read.signer?.key, read.next?.cert], [a.cert, a.key, b.cert]);
    assert.deepEqual(faults, []);
  });

  const { signerCert, signerKey, nextCert, nextKey, oldCert, switchedAt } = secretKeys;
  const cases: readonly (readonly [name: string, data: () => Record<string, unknown>, faults: RegExp])[] = [
    ['garbage', () => ({ [signerCert]: encode('garbage'), [signerKey]: encode('garbage') }), /^ca\.crt: expected one/],
    ['no text at all', () => ({ [signerCert]: 5, [signerKey]: encode(a.key) }), /^ca\.crt: expected one certificate/],
    ['a certificate without its key', () => ({ [signerCert]: encode(a.cert) }), /^ca\.crt: /],
    ['truncated PEM', () => ({ [signerCert]: encode(a.cert.slice(0, 300)), [signerKey]: encode(a.key) }), /^ca\.crt: /],
    [
      'the key of another',
      () => ({ [nextCert]: encode(a.cert), [nextKey]: encode(b.key) }),
      /^next-ca\.crt: expected the certificate's key, got another one$/,
    ],
    [
      'CA:FALSE',
      () => ({ [signerCert]: encode(leafCert), [signerKey]: encode(a.key) }),
      /^ca\.crt: expected the certificate of an authority, got one with CA:FALSE$/,
    ],
    [
      '1 MB of certificates',
      () => ({ [signerCert]: encode(a.cert.repeat(1_500)), [signerKey]: encode(a.key) }),
      /^ca\.crt: expected one certificate, got \d+ characters$/,
    ],
    [
      'two certificates',
      () => ({ [signerCert]: encode(a.cert + b.cert), [signerKey]: encode(a.key) }),
      /^ca\.crt: expected one certificate in PEM, got 2$/,
    ],
    [
      'an RSA key',
      () => ({
        [signerCert]: encode(a.cert),
        [signerKey]: encode(
          generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
        ),
      }),
      /^ca\.crt: expected the certificate's key, got another one$/,
    ],
    [
      'a time that is none',
      () => ({ [oldCert]: encode(a.cert), [switchedAt]: encode('yesterday') }),
      /^switched-at: expected a time such as .*; switched-at: it is missing$/,
    ],
    ['an old one without a time', () => ({ [oldCert]: encode(a.cert) }), /^switched-at: it is missing$/],
    [
      'an old one that signs',
      () => ({ [signerCert]: encode(a.cert), [signerKey]: encode(a.key), [oldCert]: encode(a.cert) }),
      /^old-ca\.crt: it is not old$/,
    ],
    [
      'a next one that signs',
      () => ({
        [signerCert]: encode(a.cert),
        [signerKey]: encode(a.key),
        [nextCert]: encode(a.cert),
        [nextKey]: encode(a.key),
      }),
      /^next-ca\.crt: it is the one that signs$/,
    ],
  ];
  for (const [name, data, expected] of cases) {
    it(`in the Secret: ${name}`, () => {
      const { faults } = readAuthorityState(data());
      assert.match(faults.join('; '), expected);
      assert.doesNotMatch(faults.join('; '), /PRIVATE/);
    });
  }

  it('in a bundle: what others put there stays, what has ended and what is no certificate goes', () => {
    const foreign = encode(`# theirs\n${b.cert}garbage${ended.cert}-----BEGIN CERTIFICATE-----\nMIIB`);
    assert.equal(readBundle(foreign, nowMs).isFaulty, true);
    const change = { wanted: [a.cert], unwanted: [], nowMs };
    const { caBundle, expiredCount, unreadableCount } = mergeBundle(foreign, change);
    assert.equal(Buffer.from(caBundle, 'base64').toString(), a.cert + b.cert);
    assert.deepEqual([expiredCount, unreadableCount], [1, 1]);
    const read = readBundle(caBundle, nowMs);
    assert.deepEqual([...read.certs], [a.cert, b.cert]);
    assert.equal(read.isFaulty, false);
    assert.equal(mergeBundle(caBundle, change).caBundle, caBundle, 'and again changes nothing');
  });

  it('in a bundle: a block that is cut short in front of one hides it from Go, and does not count as right', () => {
    const { certs, isFaulty } = readBundle(encode(a.cert.slice(0, 200) + a.cert), nowMs);
    assert.equal(certs.has(a.cert), true);
    assert.equal(isFaulty, true);
  });

  it('in a bundle: what is unwanted goes, also where it has ended', () => {
    const { caBundle } = mergeBundle(encode(a.cert + b.cert), { wanted: [b.cert], unwanted: [a.cert], nowMs });
    assert.equal(Buffer.from(caBundle, 'base64').toString(), b.cert);
    assert.deepEqual([...readBundle(encode(ended.cert), nowMs).ended], [ended.cert]);
  });

  it('in a bundle: 1 MB of certificates, and base64 that is none', () => {
    const { certs } = readBundle(encode(a.cert.repeat(1_600)), nowMs);
    assert.equal(certs.size, 1);
    assert.deepEqual(readBundle('%%%', nowMs), { certs: new Set(), ended: new Set(), isFaulty: false });
  });
});
