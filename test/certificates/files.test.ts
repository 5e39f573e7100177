// Serving pairs from files: what is taken, and how each thing that cannot serve is refused.
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { CertificateError, type PairFile, readPair } from '../../src/certificates/files.ts';
import { listen } from '../../src/server/listen.ts';
import { createPair, type Pair } from '../kubernetes/certificates.ts';
import { useScope } from '../kubernetes/scope.ts';
import { call } from '../server/call.ts';

async function createRsaPair(keySize: number): Promise<Pair> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'rsa',
    keySize,
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  return { cert, key };
}

describe('certificates/files', () => {
  const scope = useScope();
  let authority: Pair;
  let ec: Pair;
  let other: Pair;
  let rsa: Pair;

  before(async () => {
    authority = await createPair([]);
    [ec, other, rsa] = await Promise.all([
      createPair(['localhost'], authority),
      createPair(['localhost']),
      createRsaPair(2048),
    ]);
  });

  /** Reads a pair of files of these contents; a file without content is not there. */
  async function read(cert: string | undefined, key: string | undefined): Promise<PairFile> {
    const folder = await scope.folder();
    if (cert !== undefined) await writeFile(join(folder, 'tls.crt'), cert);
    if (key !== undefined) await writeFile(join(folder, 'tls.key'), key);
    return readPair(join(folder, 'tls.crt'), join(folder, 'tls.key'));
  }

  async function assertServes({ cert, key }: PairFile, ca: string): Promise<void> {
    const listener = await listen((_, response) => response.end('served'), {
      port: 0,
      host: '127.0.0.1',
      pair: { cert, key },
    });
    scope.onEnd(() => listener.close());
    assert.equal((await call({ port: listener.port, ca }, '/')).body, 'served');
  }

  it('takes an EC pair', async () => {
    await assertServes(await read(ec.cert, ec.key), authority.cert);
  });

  it('takes an RSA pair', async () => {
    await assertServes(await read(rsa.cert, rsa.key), rsa.cert);
  });

  it('takes a key in the older PKCS#1 form, and text around the PEM', async () => {
    const pkcs1 = createPrivateKey(rsa.key).export({ type: 'pkcs1', format: 'pem' });
    const pair = await read(`subject=CN = localhost\n${rsa.cert}\n`, `Bag Attributes\n${pkcs1}`);
    await assertServes(pair, rsa.cert);
  });

  it('takes a chain, and tells when its first certificate ends', async () => {
    const pair = await read(`${ec.cert.trim()}\n${authority.cert}`, ec.key);
    await assertServes(pair, authority.cert);
    const alone = await read(ec.cert, ec.key);
    assert.deepEqual(pair.notAfter, alone.notAfter);
    assert.ok(pair.notAfter > new Date());
  });

  const refused: readonly (readonly [
    name: string,
    contents: () => readonly [cert: string | undefined, key: string | undefined],
    message: RegExp,
  ])[] = [
    ['no certificate', () => [undefined, ec.key], /^cannot read --tls-cert \S+tls\.crt: ENOENT/],
    ['no key', () => [ec.cert, undefined], /^cannot read --tls-key \S+tls\.key: ENOENT/],
    ['an empty certificate', () => ['', ec.key], /^expected PEM in --tls-cert \S+tls\.crt, got something else: /],
    ['an empty key', () => [ec.cert, ''], /^expected PEM in --tls-key \S+tls\.key, got something else: /],
    ['both files swapped', () => [ec.key, ec.cert], /^expected PEM in --tls-cert \S+tls\.crt/],
    ['the certificate twice', () => [ec.cert, ec.cert], /^expected PEM in --tls-key \S+tls\.key/],
    ['garbage for a certificate', () => ['garbage', ec.key], /^expected PEM in --tls-cert/],
    ['garbage for a key', () => [ec.cert, 'garbage'], /^expected PEM in --tls-key/],
    ['half a certificate', () => [ec.cert.slice(0, 200), ec.key], /^expected PEM in --tls-cert/],
    ['the key of another pair', () => [ec.cert, other.key], /^the key in \S+tls\.key \(--tls-key\) is not that of the/],
    ['a key of another type', () => [ec.cert, rsa.key], /^the key in \S+tls\.key \(--tls-key\) is not that of the/],
    ['a chain in the wrong order', () => [`${authority.cert}\n${ec.cert}`, ec.key], /^the key in \S+tls\.key/],
    [
      'a key with a password',
      () => [
        ec.cert,
        createPrivateKey(ec.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }),
      ],
      /^expected PEM in --tls-key/,
    ],
    [
      'garbage behind the first certificate',
      () => [`${ec.cert.trim()}\n-----BEGIN CERTIFICATE-----\ngarbage\n-----END CERTIFICATE-----\n`, ec.key],
      /^expected a pair that can serve in \S+tls\.crt \(--tls-cert\) and \S+tls\.key/,
    ],
  ];
  for (const [name, contents, message] of refused) {
    it(`refuses ${name}`, async () => {
      const [cert, key] = contents();
      await assert.rejects(read(cert, key), (error: unknown) => {
        assert.ok(error instanceof CertificateError);
        assert.equal(error.code, 'ERR_CERTIFICATE');
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n|PRIVATE KEY-----/);
        return true;
      });
    });
  }

  it('refuses a key that is too weak to serve with', async () => {
    const weak = await createRsaPair(512).catch(() => createRsaPair(1024));
    await assert.rejects(read(weak.cert, weak.key), {
      name: 'CertificateError',
      message: /^expected a pair that can serve in .*: .*too small/,
    });
  });
});
