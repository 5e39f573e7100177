// The serving pair in files: followed through every way of replacing them, and never lost.
import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CertificateReload, createFileCertificates } from '../../src/certificates/file-source.ts';
import { createSelfSignedPair, type SelfSignedPair } from '../../src/certificates/self-signed.ts';
import type { CertificateSource, ServingPair } from '../../src/certificates/source.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';

const dayMs = 24 * 60 * 60 * 1000;

type Followed = {
  readonly source: CertificateSource;
  readonly folder: string;
  readonly used: readonly ServingPair[];
  readonly reloads: readonly CertificateReload[];
  readonly errors: () => string[];
  readonly clock: { nowMs: number };
};

async function write(folder: string, { cert, key }: ServingPair): Promise<void> {
  await writeFile(join(folder, 'tls.crt'), cert);
  await writeFile(join(folder, 'tls.key'), key);
}

/** As the kubelet does: a new folder, then `..data` turned to it in one step. */
async function swap(folder: string, generation: string, pair: Partial<ServingPair>): Promise<void> {
  await mkdir(join(folder, generation));
  if (pair.cert !== undefined) await writeFile(join(folder, generation, 'tls.crt'), pair.cert);
  if (pair.key !== undefined) await writeFile(join(folder, generation, 'tls.key'), pair.key);
  await symlink(generation, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
}

describe('certificates/file-source', () => {
  const scope = useScope();
  let first: SelfSignedPair;
  let second: SelfSignedPair;
  let third: SelfSignedPair;

  before(async () => {
    first = await createSelfSignedPair(['localhost']);
    second = await createSelfSignedPair(['localhost']);
    third = await createSelfSignedPair(['localhost']);
  });

  async function follow(folder: string, options: { pollMs?: number; retryMs?: number } = {}): Promise<Followed> {
    const reloads: CertificateReload[] = [];
    const used: ServingPair[] = [];
    const clock = { nowMs: Date.now() };
    const source = await createFileCertificates({
      certPath: join(folder, 'tls.crt'),
      keyPath: join(folder, 'tls.key'),
      now: () => clock.nowMs,
      onReload: (reload) => reloads.push(reload),
      watch: { debounceMs: 20, pollMs: options.pollMs ?? 10_000 },
      retryMs: options.retryMs ?? 20,
    });
    scope.onEnd(source.close);
    source.follow((pair) => used.push(pair));
    const errors = () => reloads.flatMap((reload) => ('error' in reload ? [reload.error.message] : []));
    return { source, folder, used, reloads, errors, clock };
  }

  async function followPlain(options: { retryMs?: number } = {}): Promise<Followed> {
    const folder = await scope.folder();
    await write(folder, first);
    return follow(folder, options);
  }

  async function followMounted(): Promise<Followed> {
    const folder = await scope.folder();
    await swap(folder, '..1', first);
    await symlink('..data/tls.crt', join(folder, 'tls.crt'));
    await symlink('..data/tls.key', join(folder, 'tls.key'));
    return follow(folder);
  }

  it('rejects where the files hold no pair at the start', async () => {
    await assert.rejects(follow(await scope.folder()), { name: 'CertificateError', message: /^cannot read --tls-/ });
  });

  it('has the pair of the start, when it ends, and says that it is ready', async () => {
    const { source, used, reloads } = await followPlain();
    assert.equal(source.pair().cert, first.cert);
    assert.ok(Math.abs(Number(source.notAfter()) - first.notAfter.getTime()) < 1_000);
    assert.equal(source.notReady(), undefined);
    assert.deepEqual([used, reloads], [[], []]);
  });

  it('takes over a pair that was written in place', async () => {
    const { source, folder, used } = await followPlain();
    await write(folder, second);
    await eventually('the new pair', () => used.length > 0);
    assert.equal(used.at(-1)?.cert, second.cert);
    assert.deepEqual(source.pair(), used.at(-1));
  });

  it('takes over a pair that the kubelet swapped in, time after time', async () => {
    const { folder, used, errors } = await followMounted();
    for (const [index, pair] of [second, third, first].entries()) {
      await swap(folder, `..${String(index + 2)}`, pair);
      await eventually('the new pair', () => used.length === index + 1);
      assert.deepEqual([used.at(-1)?.cert, used.at(-1)?.key], [pair.cert, pair.key]);
    }
    assert.deepEqual(errors(), []);
  });

  const torn: readonly (readonly [name: string, pair: () => Partial<ServingPair>, message: RegExp])[] = [
    ['the key of another pair', () => ({ cert: second.cert, key: third.key }), /is not that of the certificate/],
    ['an empty pair', () => ({ cert: '', key: '' }), /^expected PEM in --tls-cert/],
    ['half a certificate', () => ({ cert: second.cert.slice(0, 300), key: second.key }), /^expected PEM in --tls-cert/],
    ['no key', () => ({ cert: second.cert }), /^cannot read --tls-key .*ENOENT/],
    ['nothing', () => ({}), /^cannot read --tls-(cert|key) .*ENOENT/],
  ];
  for (const [name, pair, message] of torn) {
    it(`keeps the last good pair where the kubelet swaps in ${name}, says so, and takes the next good one`, async () => {
      const { source, folder, used, errors } = await followMounted();
      await swap(folder, '..2', pair());
      await eventually('the refusal', () => errors().length > 0);
      assert.match(errors()[0] ?? '', message);
      assert.deepEqual([source.pair().cert, source.notReady(), used], [first.cert, undefined, []]);
      await swap(folder, '..3', third);
      await eventually('the good pair', () => used.length === 1);
      assert.equal(used[0]?.cert, third.cert);
    });
  }

  it('reads a refused pair again without a further change', async () => {
    const { errors } = await followPlain().then(async (followed) => {
      await writeFile(join(followed.folder, 'tls.key'), third.key);
      return followed;
    });
    await eventually('further readings', () => errors().length > 2);
  });

  it('says so when the files hold again what is served', async () => {
    const { folder, errors, reloads } = await followPlain();
    await writeFile(join(folder, 'tls.key'), third.key);
    await eventually('the refusal', () => errors().length > 0);
    await writeFile(join(folder, 'tls.key'), first.key);
    await eventually('the good word', () => reloads.some((reload) => 'notAfter' in reload));
  });

  it('keeps a valid pair rather than one that is not valid yet, and takes that once it is', async () => {
    const { source, folder, used, errors, clock } = await followPlain();
    const future = await createSelfSignedPair(['localhost'], { nowMs: Date.now() + 2 * dayMs });
    await write(folder, future);
    await eventually('the refusal', () =>
      errors().some((error) => error.startsWith('the new certificate is not valid before ')),
    );
    assert.deepEqual([source.pair().cert, used], [first.cert, []]);
    clock.nowMs += 2 * dayMs;
    await eventually('the new pair', () => used.length === 1);
    assert.equal(used[0]?.cert, future.cert);
  });

  it('keeps a valid pair rather than one that has ended', async () => {
    const { source, folder, errors } = await followPlain();
    await write(folder, await createSelfSignedPair(['localhost'], { nowMs: Date.now() - 40 * dayMs }));
    await eventually('the refusal', () => errors().some((error) => error.startsWith('the new certificate ended at ')));
    assert.equal(source.pair().cert, first.cert);
  });

  it('is not ready before its pair is valid and after it has ended, and takes any other then', async () => {
    const { source, folder, used, clock } = await followPlain();
    clock.nowMs -= dayMs;
    assert.match(source.notReady() ?? '', /^the certificate in \S+tls\.crt is not valid before \d{4}-.*Z$/);
    clock.nowMs += 40 * dayMs;
    assert.match(source.notReady() ?? '', /^the certificate in \S+tls\.crt ended at \d{4}-.*Z$/);
    await write(folder, second);
    await eventually('the other pair', () => used.some(({ cert }) => cert === second.cert));
  });

  it('reads nothing any more once it is closed', async () => {
    const { source, folder, used, reloads } = await followPlain();
    await rm(join(folder, 'tls.key'));
    await source.close();
    const before = reloads.length;
    await write(folder, second);
    // Longer than any of its timers.
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.deepEqual([used.length, reloads.length], [0, before]);
  });
});
