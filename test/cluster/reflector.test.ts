/** Tests the reflector against a real API server: its pages, its watches, its restarts, and its 410. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubernetesError } from '../../src/kubernetes/errors.ts';
import { createKubeconfigConnection } from '../../src/kubernetes/kubeconfig.ts';
import { createTransport, type Transport } from '../../src/kubernetes/transport.ts';
import { cluster } from './hooks.ts';
import { inParallel } from './in-parallel.ts';
import { startReflector, waitUntilEqual } from './reflected-accounts.ts';
import { waitFor } from './wait-for.ts';

const accountCount = 1_200;
/** Calls at a time. */
const concurrency = 16;
const arriveTimeoutMs = 20_000;
/** A restarted API server is ready within some 10 s; a reflector that just failed may wait another 30. */
const resumeTimeoutMs = 60_000;

describe('the reflector', function () {
  this.timeout(180_000);
  let namespace: string;
  let accounts: string;

  before(async () => {
    namespace = await cluster().createNamespace();
    accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    await inParallel(
      concurrency,
      Array.from({ length: accountCount }, (_, index) => () => putAccount(`account-${index}`, `role-${index}`)),
    );
  });

  async function putAccount(name: string, role: string): Promise<void> {
    await cluster().create(accounts, { metadata: { name, annotations: { 'example.com/role': role } } });
  }

  async function changeRole(name: string, role: string): Promise<void> {
    await cluster().patch(`${accounts}/${name}`, { metadata: { annotations: { 'example.com/role': role } } });
  }

  const becomesEqual = (entries: () => ReadonlyMap<string, string>, timeoutMs: number): Promise<void> =>
    waitUntilEqual(cluster(), namespace, entries, timeoutMs);

  it('lists 1,200 accounts in pages of 500, and follows every change', async () => {
    const reflector = await startReflector(cluster(), namespace);
    try {
      await reflector.synced();
      assert.equal(reflector.entries().size, accountCount + 1);
      assert.equal(reflector.pages.length, 3);
      await putAccount('new', 'role-new');
      await changeRole('account-7', 'changed');
      await cluster().delete(`${accounts}/account-8`);
      await becomesEqual(reflector.entries, arriveTimeoutMs);
      assert.equal(reflector.entries().get('new'), 'role-new');
      assert.equal(reflector.entries().get('account-7'), 'changed');
      assert.equal(reflector.entries().has('account-8'), false);
      assert.deepEqual(reflector.errors, []);
      assert.equal(reflector.watches.length, 1);
      process.stdout.write(`      synced in ${reflector.syncMs().toFixed(0)} ms\n`);
    } finally {
      await reflector.stop();
    }
  });

  it('loses nothing when the API server restarts, with changes before, after and around it', async function () {
    const { controlPlane } = cluster();
    if (controlPlane === undefined) this.skip();
    const reflector = await startReflector(cluster(), namespace);
    try {
      await reflector.synced();
      const enough = new AbortController();
      let changeCount = 0;
      const changing = (async () => {
        for (; !enough.signal.aborted; changeCount += 1) {
          await changeRole(`account-${100 + (changeCount % 50)}`, `round-${changeCount}`).catch(() => sleep(50));
        }
      })();
      await controlPlane.restartApiServer();
      await sleep(500);
      enough.abort();
      await changing;
      const backMs = performance.now();
      await becomesEqual(reflector.entries, resumeTimeoutMs);
      const tookMs = performance.now() - backMs;
      assert.ok(changeCount > 10);
      // Changes of others move the API server's version on, so it may well have nothing from before its start.
      assert.ok(reflector.relists.every((reason) => reason === 'watch_expired'));
      const words = `${changeCount} changes, in step ${tookMs.toFixed(0)} ms after the last one`;
      process.stdout.write(`      ${words}; relists: ${reflector.relists.join() || 'none'}\n`);
    } finally {
      await reflector.stop();
    }
  });

  it('lists again when the API server says 410 to a version from before its start', async function () {
    const { controlPlane } = cluster();
    if (controlPlane === undefined) return this.skip();
    // One that has run from the first version on still has all that followed it.
    await controlPlane.restartApiServer();
    const connection = await createKubeconfigConnection({ kubeconfigPath: cluster().kubeconfigPath });
    const transport = createTransport(connection, { version: 'test' });
    let watchCount = 0;
    const reflector = await startReflector(cluster(), namespace, {
      api: {
        get: (path, options) => transport.get(path, options),
        stream(path, options) {
          watchCount += 1;
          // The oldest version there ever was: no API server still has what followed it.
          return transport.stream(
            watchCount === 1 ? path.replace(/resourceVersion=\d+/, 'resourceVersion=1') : path,
            options,
          );
        },
      },
    });
    try {
      await waitFor('the second list', () => reflector.relists.length > 0 || undefined, arriveTimeoutMs);
      await changeRole('account-9', 'after-410');
      await becomesEqual(reflector.entries, arriveTimeoutMs);
      assert.deepEqual(reflector.relists, ['watch_expired']);
      assert.match(
        reflector.errors.join('\n'),
        /^Expected a watch of \S+, got 410: too old resource version: 1 \(\d+\)$/,
      );
    } finally {
      await reflector.stop();
      transport.close();
    }
  });

  it('leaves an API server that has stopped answering, and goes on when it answers again', async function () {
    const pid = cluster().controlPlane?.pids.get('kube-apiserver');
    if (pid === undefined) this.skip();
    const reflector = await startReflector(cluster(), namespace, { stallTimeoutMs: 1_000, openTimeoutMs: 1_000 });
    try {
      await reflector.synced();
      process.kill(pid, 'SIGSTOP');
      try {
        await waitFor('a stall and a failed watch', () => reflector.errors.length > 1 || undefined, arriveTimeoutMs);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await changeRole('account-10', 'after-stop');
      await becomesEqual(reflector.entries, resumeTimeoutMs);
      assert.match(reflector.errors[0] ?? '', /within 1000 ms, got none$/);
      assert.deepEqual(reflector.relists, []);
    } finally {
      await reflector.stop();
    }
  });

  for (const [title, withEtcd] of [
    ['the API server is killed', false],
    ['the API server and its etcd are killed, and come back with their data', true],
  ] as const) {
    it(`loses nothing when ${title}, with changes before and after`, async function () {
      const { controlPlane } = cluster();
      if (controlPlane === undefined) return this.skip();
      const reflector = await startReflector(cluster(), namespace);
      try {
        await reflector.synced();
        await changeRole('account-11', `before-kill-${title}`);
        await controlPlane.kill('kube-apiserver');
        if (withEtcd) {
          await controlPlane.kill('etcd');
          await controlPlane.startEtcd('kept');
        }
        await controlPlane.startApiServer();
        await changeRole('account-12', `after-kill-${title}`);
        await cluster().delete(`${accounts}/account-${withEtcd ? '23' : '13'}`);
        await becomesEqual(reflector.entries, resumeTimeoutMs);
        assert.equal(reflector.entries().get('account-11'), `before-kill-${title}`);
        assert.ok(reflector.errors.length > 0);
        assert.ok(reflector.relists.every((reason) => reason === 'watch_expired'));
      } finally {
        await reflector.stop();
      }
    });
  }

  it('lists again when what followed its version was compacted while it had no watch', async function () {
    const { controlPlane } = cluster();
    if (controlPlane === undefined) return this.skip();
    const transport = await openTransport();
    let isCutOff = true;
    const reflector = await startReflector(cluster(), namespace, {
      api: {
        get: (path, options) => transport.get(path, options),
        async stream(path, options) {
          if (isCutOff) throw new KubernetesError('ERR_KUBERNETES_CONNECTION', 'cut off by the test');
          return transport.stream(path, options);
        },
      },
    });
    try {
      await reflector.synced();
      for (const round of [1, 2, 3]) await changeRole('account-14', `missed-${String(round)}`);
      await cluster().delete(`${accounts}/account-15`);
      await controlPlane.compact();
      // One that has run on still has in its memory what etcd has forgotten.
      await controlPlane.kill('kube-apiserver');
      await controlPlane.startApiServer();
      isCutOff = false;
      await becomesEqual(reflector.entries, resumeTimeoutMs);
      assert.deepEqual(reflector.relists, ['watch_expired']);
      assert.match(
        reflector.errors.at(-1) ?? '',
        /^Expected a watch of \S+, got 410: too old resource version: \d+ \(\d+\)$/,
      );
    } finally {
      await reflector.stop();
      transport.close();
    }
  });

  it('starts its list again when a continue token has expired', async function () {
    const { controlPlane } = cluster();
    if (controlPlane === undefined) return this.skip();
    const transport = await openTransport();
    let isFresh = true;
    const reflector = await startReflector(cluster(), namespace, {
      api: {
        async get(path, options) {
          if (isFresh && path.includes('continue=')) {
            isFresh = false;
            await changeRole('account-16', 'between-pages');
            await controlPlane.compact();
            // Else it would serve the next page from its memory.
            await controlPlane.kill('kube-apiserver');
            await controlPlane.startApiServer();
          }
          return transport.get(path, options);
        },
        stream: (path, options) => transport.stream(path, options),
      },
      // The page waits for the restart.
      pageTimeoutMs: resumeTimeoutMs,
    });
    try {
      await waitFor('the second list', () => reflector.relists.length > 0 || undefined, resumeTimeoutMs);
      await becomesEqual(reflector.entries, resumeTimeoutMs);
      assert.deepEqual(reflector.relists, ['continue_expired']);
      assert.match(reflector.errors.join('\n'), /got 410: .*continue/);
    } finally {
      await reflector.stop();
      transport.close();
    }
  });
});

async function openTransport(): Promise<Transport> {
  const connection = await createKubeconfigConnection({ kubeconfigPath: cluster().kubeconfigPath });
  return createTransport(connection, { version: 'test' });
}
