/** Tests the reflector against a real API server: its pages, its watches, its restarts, and its 410. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKubeconfigConnection } from '../../src/kubernetes/kubeconfig.ts';
import { type ApiObject, isApiObject, nameOf } from '../../src/kubernetes/objects.ts';
import type { RelistReason } from '../../src/kubernetes/reflection.ts';
import { createReflector, type ReflectorOptions } from '../../src/kubernetes/reflector.ts';
import { createTransport, type Transport } from '../../src/kubernetes/transport.ts';
import { cluster } from './hooks.ts';
import { waitFor } from './wait-for.ts';

const accountCount = 1_200;
/** Calls at a time. */
const concurrency = 16;
const arriveTimeoutMs = 20_000;
/** A restarted API server is ready within some 10 s; a reflector that just failed may wait another 30. */
const resumeTimeoutMs = 60_000;

function roleOf({ metadata }: ApiObject): string {
  const annotations = isApiObject(metadata) ? metadata['annotations'] : undefined;
  const role = isApiObject(annotations) ? annotations['example.com/role'] : undefined;
  return typeof role === 'string' ? role : '';
}

/** Runs the tasks, some at a time. */
async function inParallel(tasks: readonly (() => Promise<unknown>)[]): Promise<void> {
  const rest = [...tasks];
  const work = async (): Promise<void> => {
    for (let task = rest.shift(); task !== undefined; task = rest.shift()) await task();
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

/** Starts a reflector of the accounts of a namespace, with roles by name. */
async function startReflector(namespace: string, changed: Partial<ReflectorOptions<string>> = {}) {
  const connection = await createKubeconfigConnection({ kubeconfigPath: cluster().kubeconfigPath });
  const transport = createTransport(connection, { version: 'test' });
  const pages: string[] = [];
  const watches: string[] = [];
  const api: Pick<Transport, 'get' | 'stream'> = {
    get(path, options) {
      pages.push(path);
      return transport.get(path, options);
    },
    stream(path, options) {
      watches.push(path);
      return transport.stream(path, options);
    },
  };
  let entries = new Map<string, string>();
  const relists: RelistReason[] = [];
  const errors: string[] = [];
  let syncedAtMs: number | undefined;
  const startedMs = performance.now();
  const reflector = createReflector<string>({
    api: { ...api, ...changed.api },
    path: `/api/v1/namespaces/${namespace}/serviceaccounts`,
    project: roleOf,
    store: {
      begin() {
        const next = new Map<string, string>();
        return { add: ({ name }, role) => void next.set(name, role), commit: () => void (entries = next) };
      },
      set: ({ name }, role) => void entries.set(name, role),
      delete: ({ name }) => void entries.delete(name),
    },
    observer: {
      onSynced: () => (syncedAtMs = performance.now()),
      onEvent: () => undefined,
      onRelist: (reason) => relists.push(reason),
      onError: (message) => errors.push(message),
      onConnected: () => undefined,
    },
    now: () => performance.now(),
    random: () => Math.random(),
    wait: (delayMs, signal) => sleep(delayMs, undefined, { signal }).catch(() => undefined),
    ...changed,
  });
  const stop = async (): Promise<void> => {
    await reflector.stop();
    transport.close();
  };
  const synced = () =>
    waitFor('the reflector to be synced', () => syncedAtMs !== undefined || undefined, arriveTimeoutMs);
  return {
    stop,
    synced,
    pages,
    watches,
    relists,
    errors,
    entries: () => entries,
    syncMs: () => (syncedAtMs ?? Number.NaN) - startedMs,
  };
}

describe('the reflector', function () {
  this.timeout(180_000);
  let namespace: string;
  let accounts: string;

  before(async () => {
    namespace = await cluster().createNamespace();
    accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    await inParallel(
      Array.from({ length: accountCount }, (_, index) => () => putAccount(`account-${index}`, `role-${index}`)),
    );
  });

  async function putAccount(name: string, role: string): Promise<void> {
    await cluster().create(accounts, { metadata: { name, annotations: { 'example.com/role': role } } });
  }

  async function changeRole(name: string, role: string): Promise<void> {
    await cluster().patch(`${accounts}/${name}`, { metadata: { annotations: { 'example.com/role': role } } });
  }

  /** What the API server says the reflector should hold. */
  async function expected(): Promise<Map<string, string>> {
    const list = await cluster().get<{ items: readonly ApiObject[] }>(accounts);
    return new Map(list.items.map((item) => [nameOf(item)?.name ?? '', roleOf(item)]));
  }

  async function becomesEqual(entries: () => ReadonlyMap<string, string>, timeoutMs: number): Promise<void> {
    const wanted = [...(await expected())].map(String).toSorted().join('\n');
    const isEqual = () => [...entries()].map(String).toSorted().join('\n') === wanted || undefined;
    await waitFor('the store to equal the API server', isEqual, timeoutMs);
  }

  it('lists 1,200 accounts in pages of 500, and follows every change', async () => {
    const reflector = await startReflector(namespace);
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
    const reflector = await startReflector(namespace);
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
    const reflector = await startReflector(namespace, {
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
    const reflector = await startReflector(namespace, { stallTimeoutMs: 1_000, openTimeoutMs: 1_000 });
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
});
