/** Removes from a cluster all that one test run created there, found by the run's label. */
import type { Connection } from './connection.ts';
import { connect } from './connection.ts';
import type { ServedResource } from './discovery.ts';
import { collectionPath, discover } from './discovery.ts';
import { ClusterError } from './errors.ts';
import type { KubernetesObject } from './objects.ts';
import { isObjectList } from './objects.ts';
import { waitFor } from './wait-for.ts';

/** The label whose value is the run's id. */
export const runLabel = 'irsa-webhook-test-run';

/** A namespace goes once the kubelet has stopped its pods, which takes each pod's grace period (30 s) at most. */
const removalTimeoutMs = 120_000;

type Leftover = { readonly path: string; readonly resource: ServedResource };

/**
 * Deletes every object that carries the run's label, in any namespace or none, and returns when all are gone; throws a
 * ClusterError with what is left. Webhooks and policies go first, as one whose server is gone would reject the rest.
 */
export async function removeLeftovers(kubeconfigPath: string, run: string): Promise<void> {
  const connection = await connect(kubeconfigPath);
  try {
    const found = await findLeftovers(connection, run);
    const [admission, others] = [found.filter(isAdmission), found.filter((leftover) => !isAdmission(leftover))];
    for (const { path } of [...admission, ...others]) await remove(connection, path);
    await waitFor(`everything of test run ${run} to be gone`, () => nothingLeft(connection, run), removalTimeoutMs);
  } finally {
    connection.close();
  }
}

async function nothingLeft(connection: Connection, run: string): Promise<true> {
  const left = await findLeftovers(connection, run);
  if (left.length === 0) return true;
  throw new Error(`still there: ${left.map(({ path }) => path).join(', ')}`);
}

async function findLeftovers(connection: Connection, run: string): Promise<Leftover[]> {
  const served = (await discover(connection)).filter(({ verbs }) => verbs.includes('list') && verbs.includes('delete'));
  const found = await Promise.all(served.map((resource) => findLabelled(connection, resource, run)));
  return found.flat();
}

async function findLabelled(connection: Connection, resource: ServedResource, run: string): Promise<Leftover[]> {
  const selector = encodeURIComponent(`${runLabel}=${run}`);
  const { status, body } = await connection.request('GET', `${collectionPath(resource)}?labelSelector=${selector}`);
  // What this user may not list, it has not created either.
  if (status !== 200 || !isObjectList(body)) return [];
  return body.items.map(({ metadata }) => ({ path: objectPath(resource, metadata), resource }));
}

function objectPath(resource: ServedResource, { name, namespace }: KubernetesObject['metadata']): string {
  return `${collectionPath(resource, namespace)}/${name}`;
}

function isAdmission({ resource }: Leftover): boolean {
  return resource.apiVersion.startsWith('admissionregistration.k8s.io/');
}

async function remove(connection: Connection, path: string): Promise<void> {
  const { status, body } = await connection.request('DELETE', `${path}?propagationPolicy=Background`);
  if (status < 300 || status === 404) return;
  throw new ClusterError(
    'ERR_CLUSTER_REQUEST',
    `Expected DELETE ${path} to succeed, got ${status}: ${JSON.stringify(body)}`,
    {
      status,
    },
  );
}
