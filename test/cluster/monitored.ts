/** Replicas that the API server calls by the chart's entries, and a Prometheus that scrapes both, under an API server's own eyes. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { alertsFile } from '../monitoring/alert-rules.ts';
import { type Prometheus, type ScrapeConfig, startPrometheus } from '../monitoring/prometheus.ts';
import type { Cluster } from './cluster.ts';
import { freePort } from './free-port.ts';
import { isInjected, podSpec } from './pods.ts';
import { type PortBalancer, startPortBalancer } from './port-balancer.ts';
import { register, waitUntilEnforced, webhookService } from './registration.ts';
import { certificateRights, collectionOf } from './self-managed.ts';
import {
  type Account,
  createWebhookAccount,
  startWebhook,
  waitUntilReady,
  type WebhookProcess,
} from './webhook-process.ts';

/** The name that the chart gives the policy of a release `irsa-webhook`; alerts and dashboard know it. */
const policyName = 'irsa-webhook-missed';
const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const bindings = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';

/** Labels of pods for what is seldom seen: whose identity is required, whose match condition fails, that are missed. */
export const required = { 'irsa-webhook.io/required': 'true' };
export const brokenCondition = { test: 'broken-condition' };
export const missed = { test: 'missed' };

/** What is watched. */
export type Monitored = {
  readonly prometheus: Prometheus;
  /** Creates a pod of `with-role` or `without-role` as a dry run, and returns the status of the answer. */
  readonly createPod: (account: string, labels?: Readonly<Record<string, string>>) => Promise<number>;
  /** Ends every replica as the end of its machine would. */
  readonly killReplicas: () => Promise<void>;
  /** Starts them, at the ports that Prometheus knows, and returns when the API server gets its answers from them. */
  readonly startReplicas: () => Promise<void>;
  /** Removes everything. */
  readonly end: () => Promise<void>;
};

/** Sets up all of it, with the replicas running. */
export async function openMonitored(
  cluster: Cluster,
  options: { readonly intervalSeconds: number; readonly certificateLifetime: string },
): Promise<Monitored> {
  const namespace = await cluster.createNamespace();
  await createAccounts(cluster, namespace);
  const account = await createWebhookAccount(cluster, namespace);
  const balancer = await startPortBalancer();
  const configuration = await registerEntries(cluster, namespace, balancer.port);
  const metricsPorts = [await freePort(), await freePort()];
  const replicas = createReplicas({
    cluster,
    account,
    balancer,
    metricsPorts,
    flags: [`--webhook-configuration=${configuration.name}`, `--certificate-lifetime=${options.certificateLifetime}`],
  });
  await createPolicy(cluster, namespace);
  const prometheus = await startPrometheus({
    intervalSeconds: options.intervalSeconds,
    ruleFiles: [alertsFile],
    scrapeConfigs: [replicasConfig(metricsPorts), await apiServerConfig(cluster, namespace)],
  });
  const pods = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
  const monitored: Monitored = {
    prometheus,
    createPod: async (name, labels) => (await cluster.request('POST', pods, podOf(name, labels))).status,
    killReplicas: replicas.kill,
    startReplicas: async () => {
      await replicas.start();
      await waitUntilEnforced(cluster, namespace, isInjected, podOf('with-role'));
    },
    end: async () => {
      await prometheus.stop();
      await cluster.delete(configuration.path);
      await cluster.delete(`${bindings}/${policyName}`);
      await cluster.delete(`${policies}/${policyName}`);
      await replicas.kill();
      await balancer.stop();
    },
  };
  await monitored.startReplicas();
  return monitored;
}

function podOf(account: string, labels: Readonly<Record<string, string>> = {}): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'app-', labels }, spec: podSpec(account) };
}

async function createAccounts(cluster: Cluster, namespace: string): Promise<void> {
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/app' };
  await cluster.create(accounts, { metadata: { name: 'with-role', annotations } });
  await cluster.create(accounts, { metadata: { name: 'without-role' } });
}

/** The entries by the chart's names; the third is here for its match condition, which no pod with its label gets through. */
async function registerEntries(cluster: Cluster, namespace: string, port: number) {
  const name = `pods-${namespace}`;
  for (const object of await certificateRights(namespace, name)) await cluster.create(collectionOf(object), object);
  const configurationPath = await register(cluster, { name: 'pods', namespace, route: 'service', port, caBundle: '' });
  const { webhooks } = await cluster.get<{ webhooks: readonly object[] }>(configurationPath);
  const labels = { matchLabels: required };
  const others = { matchExpressions: [{ key: 'irsa-webhook.io/required', operator: 'DoesNotExist' }] };
  const matchConditions = [{ name: 'fails', expression: "object.metadata.annotations['none'] == ''" }];
  const entries = [
    { name: 'pods.irsa-webhook.io', failurePolicy: 'Ignore', objectSelector: others },
    { name: 'required-pods.irsa-webhook.io', failurePolicy: 'Fail', objectSelector: labels },
    {
      name: 'required-namespaces.irsa-webhook.io',
      failurePolicy: 'Ignore',
      objectSelector: { matchLabels: brokenCondition },
      matchConditions,
    },
  ];
  await cluster.patch(configurationPath, { webhooks: entries.map((entry) => ({ ...webhooks[0], ...entry })) });
  return { name, path: configurationPath };
}

/** Finds every pod with the label {@link missed}; the chart's own looks at accounts, which is tested with the chart. */
async function createPolicy(cluster: Cluster, namespace: string): Promise<void> {
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
  const selected = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  await cluster.create(policies, {
    metadata: { name: policyName },
    spec: {
      failurePolicy: 'Ignore',
      matchConstraints: { resourceRules, namespaceSelector: selected, objectSelector: { matchLabels: missed } },
      validations: [{ expression: 'false', message: 'admitted without its role' }],
    },
  });
  await cluster.create(bindings, {
    metadata: { name: policyName },
    spec: { policyName, validationActions: ['Warn', 'Audit'] },
  });
}

type ReplicaOptions = {
  readonly cluster: Cluster;
  readonly account: Account;
  readonly balancer: PortBalancer;
  readonly metricsPorts: readonly number[];
  readonly flags: readonly string[];
};

function createReplicas({ cluster, account, balancer, metricsPorts, flags }: ReplicaOptions) {
  let running: readonly WebhookProcess[] = [];
  const startOne = async (metricsPort: number, index: number): Promise<WebhookProcess> =>
    startWebhook(cluster, {
      account,
      hosts: [],
      hostname: `irsa-webhook-${String(index)}`,
      isSelfManaged: true,
      flags: [
        ...flags,
        `--namespace=${account.namespace}`,
        `--service-name=${webhookService}`,
        '--ca-propagation-delay=2s',
        '--lease-duration=4s',
        `--metrics-port=${String(metricsPort)}`,
      ],
    });
  return {
    start: async (): Promise<void> => {
      running = await Promise.all(metricsPorts.map(startOne));
      await Promise.all(running.map(waitUntilReady));
      balancer.use(running.map(({ port }) => port));
    },
    kill: async (): Promise<void> => {
      await Promise.all(running.map(async (replica) => replica.kill()));
      running = [];
    },
  };
}

function replicasConfig(metricsPorts: readonly number[]): ScrapeConfig {
  return {
    job_name: 'irsa-webhook',
    static_configs: metricsPorts.map((port, index) => ({
      targets: [`127.0.0.1:${String(port)}`],
      labels: { namespace: 'irsa-webhook', pod: `irsa-webhook-${String(index)}`, instance: `replica-${String(index)}` },
    })),
  };
}

/** Scrapes the API server as an account that may read its metrics and nothing else. */
async function apiServerConfig(cluster: Cluster, namespace: string): Promise<ScrapeConfig> {
  const name = `prometheus-${namespace}`;
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  await cluster.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'prometheus' } });
  await cluster.create(`${rbac}/clusterroles`, {
    metadata: { name },
    rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }],
  });
  await cluster.create(`${rbac}/clusterrolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', namespace, name: 'prometheus' }],
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a kubeconfig
  const { clusters } = parse(await readFile(cluster.kubeconfigPath, 'utf8')) as {
    clusters: { cluster: { 'certificate-authority-data'?: string } }[];
  };
  const ca = Buffer.from(clusters[0]?.cluster['certificate-authority-data'] ?? '', 'base64');
  const caFile = path.join(cluster.directory, 'monitored-ca.crt');
  await writeFile(caFile, ca);
  const { host } = new URL(cluster.origin);
  return {
    job_name: 'apiserver',
    scheme: 'https',
    authorization: { credentials: await cluster.tokenFor(namespace, 'prometheus') },
    tls_config: { ca_file: caFile },
    static_configs: [{ targets: [host] }],
  };
}
