import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSigner } from '../../src/certificates/authority.ts';
import { makeAuthority, makeLeaf, serviceNames } from '../../src/certificates/make.ts';
import { useScope } from '../kubernetes/scope.ts';

const names = serviceNames('webhook', 'shop');

describe('certificates/make', () => {
  const scope = useScope();

  it('makes a pair that passes openssl verify -x509_strict, for each name of the Service and no other', async () => {
    const nowMs = Date.now();
    const signer = await makeAuthority({ nowMs, lifetimeMs: 3_600_000 });
    const { pair, certificate } = await makeLeaf({ signer, nowMs, lifetimeMs: 60_000, names });
    const folder = await scope.folder();
    const files = { authority: join(folder, 'authority.pem'), leaf: join(folder, 'leaf.pem') };
    writeFileSync(files.authority, signer.cert);
    writeFileSync(files.leaf, pair.cert);
    const verify = (name: string, purpose: string): string =>
      execFileSync(
        'openssl',
        [
          'verify',
          '-x509_strict',
          '-purpose',
          purpose,
          '-verify_hostname',
          name,
          '-CAfile',
          files.authority,
          files.leaf,
        ],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      );
    for (const name of ['webhook.shop.svc', 'webhook.shop.svc.cluster.local', 'webhook.shop', 'webhook']) {
      assert.equal(verify(name, 'sslserver'), `${files.leaf}: OK\n`);
    }
    assert.throws(() => verify('webhook.other.svc', 'sslserver'));
    assert.throws(() => verify('webhook.shop.svc', 'sslclient'));
    assert.equal(certificate.ca, false);
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  });

  it('dates an hour back, and ends a leaf with its authority', async () => {
    const nowMs = Math.floor(Date.now() / 1000) * 1000;
    const signer = await makeAuthority({ nowMs, lifetimeMs: 10_000 });
    assert.deepEqual([signer.notBeforeMs, signer.notAfterMs], [nowMs - 3_600_000, nowMs + 10_000]);
    const short = await makeLeaf({ signer, nowMs, lifetimeMs: 5_000, names });
    assert.equal(short.notAfterMs, nowMs + 5_000);
    const long = await makeLeaf({ signer, nowMs, lifetimeMs: 50_000, names });
    assert.equal(long.notAfterMs, signer.notAfterMs);
    assert.equal('key' in long.authority, false);
  });

  it('gives each certificate a serial number of 127 random bits, and each authority a name', async () => {
    const nowMs = Date.now();
    const signers = await Promise.all([1, 2, 3].map(async () => makeAuthority({ nowMs, lifetimeMs: 10_000 })));
    const leaves = await Promise.all(
      signers.map(async (signer) => makeLeaf({ signer, nowMs, lifetimeMs: 5_000, names })),
    );
    const all = [...signers, ...leaves].map(({ certificate }) => certificate);
    assert.equal(new Set(all.map(({ serialNumber }) => serialNumber)).size, 6);
    for (const { serialNumber } of all) assert.match(serialNumber, /^[4-7][0-9A-F]{31}$/);
    assert.equal(new Set(signers.map(({ certificate }) => certificate.subject)).size, 3);
  });

  it('signs with a key that went through PEM', async () => {
    const nowMs = Date.now();
    const made = await makeAuthority({ nowMs, lifetimeMs: 10_000 });
    const signer = createSigner(made.cert, made.key);
    const { certificate } = await makeLeaf({ signer, nowMs, lifetimeMs: 5_000, names });
    assert.equal(certificate.checkIssued(made.certificate), true);
    assert.equal(certificate.verify(made.certificate.publicKey), true);
  });
});
