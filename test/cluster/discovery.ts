/** What the API server serves, by its own word, so that no list of kinds has to be kept here. */
import type { Connection } from './connection.ts';
import { ClusterError } from './errors.ts';

/** One served resource, for example Deployment of apps/v1. */
export type ServedResource = {
  readonly apiVersion: string;
  readonly kind: string;
  /** The plural of the path, for example `deployments`. */
  readonly resource: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
};

/** The parts of an apidiscovery.k8s.io/v2 APIGroupDiscoveryList that are read. */
type GroupDiscoveryList = {
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly responseKind: { readonly kind: string };
        readonly scope: 'Namespaced' | 'Cluster';
        readonly verbs: readonly string[];
      }[];
    }[];
  }[];
};

/** Aggregated discovery answers for all groups at once; stable since Kubernetes 1.30. */
const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Returns every served resource, each group's preferred version first. */
export async function discover(connection: Connection): Promise<ServedResource[]> {
  const lists = await Promise.all(['/api', '/apis'].map((path) => discoverGroups(connection, path)));
  return lists.flatMap((list) => list.items.flatMap(resourcesOfGroup));
}

/** Returns the path of the collection of a resource, for all namespaces unless one is named. */
export function collectionPath({ apiVersion, resource }: ServedResource, namespace?: string): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return namespace === undefined ? `${group}/${resource}` : `${group}/namespaces/${namespace}/${resource}`;
}

async function discoverGroups(connection: Connection, path: string): Promise<GroupDiscoveryList> {
  const { status, body } = await connection.request('GET', path, undefined, { headers: { accept } });
  if (status === 200 && isGroupDiscoveryList(body)) return body;
  throw new ClusterError(
    'ERR_CLUSTER_REQUEST',
    `Expected an APIGroupDiscoveryList from ${path}, got status ${status}: Kubernetes 1.30 or newer serves it.`,
    { status },
  );
}

function isGroupDiscoveryList(body: unknown): body is GroupDiscoveryList {
  return typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'APIGroupDiscoveryList';
}

function resourcesOfGroup({ metadata, versions }: GroupDiscoveryList['items'][number]): ServedResource[] {
  return versions.flatMap(({ version, resources = [] }) =>
    resources.map(({ resource, responseKind, scope, verbs }) => ({
      apiVersion: metadata.name === undefined || metadata.name === '' ? version : `${metadata.name}/${version}`,
      kind: responseKind.kind,
      resource,
      namespaced: scope === 'Namespaced',
      verbs,
    })),
  );
}
