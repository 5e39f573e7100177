/** What the tests use of a cluster, be it the own control plane or any cluster that KUBECONFIG names. */
import path from 'node:path';
import type { Answer, Connection, Method, RequestOptions } from './connection.ts';
import type { ControlPlane } from './control-plane.ts';
import { ClusterError } from './errors.ts';
import type { GuardedRun } from './guarded-run.ts';
import type { KubeconfigUser } from './kubeconfig.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { runLabel } from './leftovers.ts';
import { makeLocator, parseManifests } from './manifests.ts';
import type { KubernetesObject } from './objects.ts';
import { isRecord } from './objects.ts';
import { waitFor } from './wait-for.ts';

const namespaceTimeoutMs = 30_000;

/** The spec of a TokenRequest; unset, the API server's audience and an hour. */
export type TokenSpec = {
  readonly audiences?: readonly string[];
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
  };
};

export type Cluster = {
  /** For example `https://127.0.0.1:6443`. */
  readonly origin: string;
  /** A kubeconfig of an administrator. */
  readonly kubeconfigPath: string;
  /** A folder of this run, removed at its end. */
  readonly directory: string;
  /** The own control plane with its audit log; undefined on someone's cluster, where other people's objects may be. */
  readonly controlPlane: ControlPlane | undefined;
  /** The address at which the API server reaches a server that a test starts; its certificate must name it. */
  readonly webhookHost: string;
  /** The labels by which `cleanUp` finds what a test makes by other means than `create`, such as a chart's objects. */
  readonly runLabels: Readonly<Record<string, string>>;
  /** Returns any answer, whatever its status. */
  request(method: Method, path: string, body?: unknown, options?: RequestOptions): Promise<Answer>;
  /** Returns what is at `path`: an object, or a list as ObjectList. Throws ClusterError with status and message. */
  get<T = KubernetesObject>(path: string, options?: RequestOptions): Promise<T>;
  /** POSTs `object` to the collection at `path` and returns what the API server made of it, or throws ClusterError. */
  create<T = KubernetesObject>(path: string, object: object, options?: RequestOptions): Promise<T>;
  /** Applies a JSON merge patch and returns the object, or throws ClusterError. */
  patch<T = KubernetesObject>(path: string, mergePatch: object): Promise<T>;
  /** Deletes in the background, or throws ClusterError. */
  delete(path: string): Promise<void>;
  /** Creates every object of `yaml` in turn, each where its kind belongs; `namespace` is for those that name none. */
  createFromYaml(yaml: string, namespace?: string): Promise<KubernetesObject[]>;
  /** Returns the name of a fresh namespace in which pods can be created at once. */
  createNamespace(labels?: Readonly<Record<string, string>>): Promise<string>;
  /** Returns a bearer token of a service account. */
  tokenFor(namespace: string, serviceAccountName: string, spec?: TokenSpec): Promise<string>;
  /** Returns the path of a new kubeconfig of this cluster for this user. */
  kubeconfigFor(user: KubeconfigUser): Promise<string>;
  /** Removes what the run made: the own control plane altogether; on someone's cluster, what carries the run's label. */
  cleanUp(): Promise<void>;
};

export type ClusterParts = Pick<Cluster, 'controlPlane' | 'kubeconfigPath' | 'webhookHost'> & {
  readonly run: GuardedRun;
  readonly connection: Connection;
  /** Identifies this run in `runLabels`. */
  readonly runId: string;
};

/** Returns the cluster at the end of `connection`, as the tests use it. */
export function makeCluster(parts: ClusterParts): Cluster {
  const { run, connection, kubeconfigPath, webhookHost, runId, controlPlane } = parts;
  const runLabels = { [runLabel]: runId };
  const locate = makeLocator(connection);
  /** Everything in these goes with them, so that objects in them need no label and stay as the test wrote them. */
  const ownNamespaces = new Set<string>();
  let kubeconfigs = 0;

  const create: Cluster['create'] = async (collection, object, options) => {
    const namespace = /\/namespaces\/([^/]+)\//.exec(collection)?.[1];
    const body = namespace !== undefined && ownNamespaces.has(namespace) ? object : withLabels(object, runLabels);
    const answer = await connection.request('POST', collection, body, options);
    return resultOf(answer, `POST ${collection}`);
  };

  return {
    origin: connection.origin,
    kubeconfigPath,
    directory: run.directory,
    controlPlane,
    webhookHost,
    runLabels,
    request: (...call) => connection.request(...call),
    get: async (objectPath, options) =>
      resultOf(await connection.request('GET', objectPath, undefined, options), `GET ${objectPath}`),
    create,
    patch: async (objectPath, mergePatch) =>
      resultOf(await connection.request('PATCH', objectPath, mergePatch), `PATCH ${objectPath}`),
    async delete(objectPath) {
      resultOf(await connection.request('DELETE', objectPath), `DELETE ${objectPath}`);
    },
    async createFromYaml(yaml, namespace = 'default') {
      const created: KubernetesObject[] = [];
      for (const object of parseManifests(yaml)) {
        created.push(await create(await locate(object, namespace), object));
      }
      return created;
    },
    async createNamespace(labels = {}) {
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: 'irsa-test-', labels } };
      const { name } = (await create('/api/v1/namespaces', namespace)).metadata;
      ownNamespaces.add(name);
      const account = `/api/v1/namespaces/${name}/serviceaccounts/default`;
      const accountExists = async (): Promise<true | undefined> =>
        (await connection.request('GET', account)).status === 200 || undefined;
      await waitFor(`the default service account of namespace ${name}`, accountExists, namespaceTimeoutMs);
      return name;
    },
    async tokenFor(namespace, serviceAccountName, spec = {}) {
      const tokenPath = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccountName}/token`;
      const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
      const answer = await connection.request('POST', tokenPath, request);
      return resultOf<{ status: { token: string } }>(answer, `POST ${tokenPath}`).status.token;
    },
    async kubeconfigFor(user) {
      kubeconfigs += 1;
      const file = path.join(run.directory, `user-${kubeconfigs}.kubeconfig`);
      const authority = connection.authorityData;
      const trust = authority === undefined ? {} : { 'certificate-authority-data': authority };
      await writeKubeconfig(file, { server: connection.origin, ...trust }, user);
      return file;
    },
    async cleanUp() {
      connection.close();
      await run.end();
    },
  };
}

function withLabels(object: object, labels: Readonly<Record<string, string>>): object {
  const metadata = 'metadata' in object && isRecord(object.metadata) ? object.metadata : {};
  const own = isRecord(metadata['labels']) ? metadata['labels'] : {};
  return { ...object, metadata: { ...metadata, labels: { ...own, ...labels } } };
}

/** Returns the body of a successful answer; otherwise throws with the API server's own message. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it carries what the caller states
function resultOf<T>({ status, body }: Answer, what: string): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test states what it asked for, and fails where it errs
  if (status >= 200 && status < 300) return body as T;
  const message = isRecord(body) && typeof body['message'] === 'string' ? body['message'] : JSON.stringify(body);
  throw new ClusterError('ERR_CLUSTER_REQUEST', `${what}: ${status}: ${message}`, { status });
}
