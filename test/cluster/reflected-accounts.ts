/** A reflector of the accounts of a namespace, and what it saw. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKubeconfigConnection } from '../../src/kubernetes/kubeconfig.ts';
import { type ApiObject, isApiObject, nameOf } from '../../src/kubernetes/objects.ts';
import type { RelistReason } from '../../src/kubernetes/reflection.ts';
import { createReflector, type ReflectorOptions } from '../../src/kubernetes/reflector.ts';
import { createTransport, type Transport } from '../../src/kubernetes/transport.ts';
import type { Cluster } from './cluster.ts';
import { waitFor } from './wait-for.ts';

const syncTimeoutMs = 20_000;

function roleOf({ metadata }: ApiObject): string {
  const annotations = isApiObject(metadata) ? metadata['annotations'] : undefined;
  const role = isApiObject(annotations) ? annotations['example.com/role'] : undefined;
  return typeof role === 'string' ? role : '';
}

/** Starts a reflector of the accounts of a namespace, with roles by name. */
export async function startReflector(
  cluster: Cluster,
  namespace: string,
  changed: Partial<ReflectorOptions<string>> = {},
) {
  const connection = await createKubeconfigConnection({ kubeconfigPath: cluster.kubeconfigPath });
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
    waitFor('the reflector to be synced', () => syncedAtMs !== undefined || undefined, syncTimeoutMs);
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

/**
 * Waits until the entries are what the API server lists at that moment. It is listed anew for each look: somebody else,
 * such as the controller that makes each namespace's account `default`, may write meanwhile.
 */
export async function waitUntilEqual(
  cluster: Cluster,
  namespace: string,
  entries: () => ReadonlyMap<string, string>,
  timeoutMs: number,
): Promise<void> {
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const isEqual = async (): Promise<true> => {
    const { items } = await cluster.get<{ items: readonly ApiObject[] }>(accounts);
    const wanted = new Map(items.map((item) => [nameOf(item)?.name ?? '', roleOf(item)]));
    assert.deepEqual(new Map(entries()), wanted);
    return true;
  };
  await waitFor('the store to equal the API server', isEqual, timeoutMs);
}
