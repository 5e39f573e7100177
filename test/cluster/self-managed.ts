/** Replicas that manage their certificate themselves, behind a balancer, registered with the API server by a Service. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { PortBalancer } from './port-balancer.ts';
import { startPortBalancer } from './port-balancer.ts';
import type { Cluster } from './cluster.ts';
import { parseManifests } from './manifests.ts';
import { isRecord, type KubernetesObject } from './objects.ts';
import { register, webhookService } from './registration.ts';
import { type Account, createWebhookAccount, startWebhook, type WebhookProcess } from './webhook-process.ts';

const manifest = path.join(import.meta.dirname, '../../manifests/rbac-certificates.yaml');
/** The names in the manifest: the defaults of the flags. */
export const secretName = 'pod-identity-webhook';

/** Times as flags have them. */
export type Times = {
  readonly leaf: string;
  readonly authority: string;
  readonly delay: string;
  readonly lease: string;
};

/** Ten years in minutes. */
export const shortTimes: Times = { leaf: '10s', authority: '40s', delay: '2s', lease: '4s' };

/** An installation in a namespace of its own. */
export type Installation = {
  readonly namespace: string;
  readonly account: Account;
  readonly balancer: PortBalancer;
  /** Name of the MutatingWebhookConfiguration. */
  readonly configuration: string;
  readonly configurationPath: string;
  readonly secretPath: string;
  readonly leasePath: string;
  /** Starts a replica; it may not be ready yet, and the balancer does not know it. */
  readonly startReplica: (hostname: string, flags?: readonly string[], as?: Account) => Promise<WebhookProcess>;
  /** Kills what it started and closes the balancer. */
  readonly end: () => Promise<void>;
};

/** Creates account, rights, Service and configuration, which has no caBundle; pods of the namespace fail from now on. */
export async function installSelfManaged(cluster: Cluster, namespace: string, times: Times): Promise<Installation> {
  const account = await createWebhookAccount(cluster, namespace);
  const configuration = `managed-${namespace}`;
  for (const object of await certificateRights(namespace, configuration)) {
    await cluster.create(collectionOf(object), object);
  }
  const balancer = await startPortBalancer();
  const registration = { name: 'managed', namespace, route: 'service', port: balancer.port, caBundle: '' } as const;
  const configurationPath = await register(cluster, registration);
  const replicas: WebhookProcess[] = [];
  return {
    namespace,
    account,
    balancer,
    configuration,
    configurationPath,
    secretPath: `/api/v1/namespaces/${namespace}/secrets/${secretName}`,
    leasePath: `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${secretName}`,
    startReplica: async (hostname, flags = [], as = account) => {
      const replica = await startWebhook(cluster, {
        account: as,
        hosts: [],
        hostname,
        isSelfManaged: true,
        flags: [
          `--namespace=${namespace}`,
          `--service-name=${webhookService}`,
          `--webhook-configuration=${configuration}`,
          `--certificate-lifetime=${times.leaf}`,
          `--ca-lifetime=${times.authority}`,
          `--ca-propagation-delay=${times.delay}`,
          `--lease-duration=${times.lease}`,
          ...flags,
        ],
      });
      replicas.push(replica);
      return replica;
    },
    end: async () => {
      await Promise.all(replicas.map(async (replica) => replica.kill()));
      await balancer.stop();
    },
  };
}

/** Returns the objects of `manifests/rbac-certificates.yaml`, for the account and the configuration of a namespace. */
export async function certificateRights(namespace: string, configuration: string): Promise<KubernetesObject[]> {
  const text = await readFile(manifest, 'utf8');
  const renamed = text
    .replaceAll('namespace: irsa-webhook', `namespace: ${namespace}`)
    .replaceAll(/(\bname: irsa-webhook(-certificates)?)$/gm, `$1-${namespace}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a manifest of ours
  const objects = parseManifests(renamed) as unknown as KubernetesObject[];
  for (const object of objects) {
    if (object.kind !== 'ClusterRole' || !Array.isArray(object['rules'])) continue;
    for (const rule of object['rules'] as unknown[]) if (isRecord(rule)) rule['resourceNames'] = [configuration];
  }
  return objects;
}

/** Returns where an object of rbac.authorization.k8s.io belongs. */
export function collectionOf({ kind = '', metadata: { namespace } }: KubernetesObject): string {
  const scope = namespace === undefined ? '' : `namespaces/${namespace}/`;
  return `/apis/rbac.authorization.k8s.io/v1/${scope}${kind.toLowerCase()}s`;
}

/** Returns the certificates of the first webhook of a configuration, as PEM. */
export async function readBundles(cluster: Cluster, configurationPath: string): Promise<string[]> {
  const { webhooks } = await cluster.get<{ webhooks: { clientConfig: { caBundle?: string } }[] }>(configurationPath);
  return webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString());
}
