// The authorities of callers in a file: all good or refused, and followed.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { followClientAuthorities } from '../../src/certificates/client-authorities.ts';
import { createPair, type Pair } from '../kubernetes/certificates.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';

describe('certificates/client-authorities', () => {
  const scope = useScope();
  let authority: Pair;
  let other: Pair;
  let leaf: Pair;

  before(async () => {
    authority = await createPair([]);
    other = await createPair([]);
    leaf = await createPair(['kube-apiserver'], authority);
  });

  async function follow(content: string) {
    const path = join(await scope.folder(), 'ca.pem');
    await writeFile(path, content);
    const loaded: string[] = [];
    const refused: string[] = [];
    const followed = await followClientAuthorities({
      path,
      onLoad: (authorities) => loaded.push(authorities),
      onRefusal: (error) => refused.push(error.message),
      watch: { debounceMs: 10 },
    });
    scope.onEnd(followed.close);
    return { path, loaded, refused, followed };
  }

  it('takes one or more, with text around them', async () => {
    assert.ok((await follow(authority.cert)).followed.current().includes('BEGIN CERTIFICATE'));
    const { followed } = await follow(`# ours\n${authority.cert}\n# theirs\n${other.cert}`);
    assert.equal(followed.current().match(/BEGIN CERTIFICATE/g)?.length, 2);
  });

  for (const [name, content] of [
    ['nothing', () => ''],
    ['no PEM', () => 'hello'],
    ['a certificate that is no authority', () => leaf.cert],
    ['garbage behind a good one', () => `${other.cert}\n-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n`],
  ] as const) {
    it(`refuses ${name}, at the start and later`, async () => {
      await assert.rejects(follow(content()), {
        name: 'CertificateError',
        message: /^cannot verify callers by --client-ca/,
      });
      const { path, refused, followed } = await follow(authority.cert);
      const before = followed.current();
      await writeFile(path, content());
      await eventually('the refusal', () => refused.length > 0);
      assert.equal(followed.current(), before);
    });
  }

  it('takes over what was written', async () => {
    const { path, loaded, followed } = await follow(authority.cert);
    await writeFile(path, other.cert);
    await eventually('the other', () => loaded.length > 0);
    assert.equal(followed.current().trim(), other.cert.trim());
  });
});
