// The pair that is made at the start: it serves TLS to clients that verify.
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { createSelfSignedPair, type SelfSignedPair } from '../../src/certificates/self-signed.ts';
import { listen } from '../../src/server/listen.ts';
import { useScope } from '../kubernetes/scope.ts';

const dayMs = 24 * 60 * 60 * 1000;

describe('certificates/self-signed', () => {
  const scope = useScope();
  let pair: SelfSignedPair;

  before(async () => {
    pair = await createSelfSignedPair(['localhost', 'irsa-webhook.eks.svc']);
  });

  /** How verification of a server under that name ends, in Node's words. */
  async function verify(servername: string, host = '127.0.0.1'): Promise<string> {
    const listener = await listen(() => undefined, { port: 0, host, pair });
    scope.onEnd(() => listener.close());
    const socket = connect({ port: listener.port, host, ca: pair.cert, ...(servername !== host && { servername }) });
    scope.onEnd(() => socket.destroy());
    try {
      await once(socket, 'secureConnect');
      return socket.authorized ? 'trusted' : 'not trusted';
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error);
    }
  }

  for (const name of ['localhost', '127.0.0.1', 'irsa-webhook.eks.svc']) {
    it(`is trusted as ${name} by who trusts it`, async () => {
      assert.equal(await verify(name), 'trusted');
    });
  }

  it('is not trusted under another name', async () => {
    assert.equal(await verify('example.com'), 'ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('stands for ::1 too', () => {
    assert.equal(new X509Certificate(pair.cert).checkIP('::1'), '::1');
  });

  it('is an EC pair of SHA-256, its own authority, good for servers', () => {
    const certificate = new X509Certificate(pair.cert);
    assert.equal(certificate.publicKey.asymmetricKeyType, 'ec');
    assert.ok(certificate.checkPrivateKey(createPrivateKey(pair.key)));
    assert.ok(certificate.verify(certificate.publicKey));
    assert.equal(certificate.ca, true);
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
    assert.match(String(certificate.signatureAlgorithm), /sha256/i);
  });

  it('lives from an hour ago for thirty days', () => {
    const { validFromDate, validToDate } = new X509Certificate(pair.cert);
    const nowMs = Date.now();
    assert.ok(Math.abs(nowMs - dayMs / 24 - validFromDate.getTime()) < 60_000);
    assert.ok(Math.abs(nowMs + 30 * dayMs - validToDate.getTime()) < 60_000);
    assert.ok(Math.abs(pair.notAfter.getTime() - validToDate.getTime()) < 1000);
  });

  it('is another each time', async () => {
    const second = await createSelfSignedPair(['localhost']);
    assert.notEqual(second.key, pair.key);
    assert.notEqual(new X509Certificate(second.cert).serialNumber, new X509Certificate(pair.cert).serialNumber);
  });
});
