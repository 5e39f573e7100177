/** The rights that the chart gives, held to what the webhook asks for in its audit log: all of them, and nothing else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { stringify } from 'yaml';
import { chartFolder } from '../../chart/chart.ts';
import { roleArn } from '../accounts.ts';
import type { ObjectList } from '../objects.ts';
import { containerNamed, isInjected, ourVariables, type Pod, podManifest, podSpec } from '../pods.ts';
import { waitFor } from '../wait-for.ts';
import { type ChartCluster, openChartCluster, release, waitUntilServed } from './chart-cluster.ts';
import { compareRights } from './compare-rights.ts';

/** An authority is replaced after some 27 s, so that a rotation fits into the test. */
const selfManaged = { caLifetime: '40s', certificateLifetime: '10s', caPropagationDelay: '2s', leaseDuration: '4s' };
const timeoutMs = 60_000;
const admission = '/apis/admissionregistration.k8s.io/v1';
const own = `/api/v1/namespaces/${release}`;
const secretPath = `${own}/secrets/${release}`;
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${release}/leases/${release}`;

type Configuration = { readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[] };

describe('the rights that the chart gives', function () {
  this.timeout(150_000);
  let chart: ChartCluster;
  let namespace: string;
  let valuesPath: string;

  before(async function () {
    chart = await openChartCluster(this);
    namespace = await chart.cluster.createNamespace();
    valuesPath = path.join(chart.cluster.directory, 'values.yaml');
    // Whatever gives a right is on.
    const values = {
      shutdownDelaySeconds: 4,
      certificates: { selfManaged },
      config: { watchNamespaces: true, respectEnvFrom: true },
      roleMap: { [`${namespace}/mapped`]: { RoleARN: roleArn } },
    };
    await writeFile(valuesPath, stringify(values));
  });

  after(async () => chart.stop());

  async function helm(verb: string, ...rest: readonly string[]): Promise<void> {
    const flags = ['--namespace', release, '--values', valuesPath, '--wait', '--timeout', '2m'];
    await chart.helm(verb, release, chartFolder, ...flags, ...rest);
  }

  async function createAccount(inNamespace: string, name: string, hasRole: boolean): Promise<void> {
    const annotations = hasRole ? { 'eks.amazonaws.com/role-arn': roleArn } : {};
    await chart.cluster.create(`/api/v1/namespaces/${inNamespace}/serviceaccounts`, {
      metadata: { name, annotations },
    });
  }

  async function createPod(manifest: object): Promise<Pod> {
    return chart.cluster.create<Pod>(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, manifest);
  }

  async function authority(): Promise<string | undefined> {
    const { status, body } = await chart.cluster.request('GET', secretPath);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is at that path
    return status === 200 ? (body as { data: Readonly<Record<string, string>> }).data['ca.crt'] : undefined;
  }

  async function leaseHolder(): Promise<string> {
    return (await chart.cluster.get<{ spec: { holderIdentity: string } }>(leasePath)).spec.holderIdentity;
  }

  it('are enough to be installed, and for pods of each kind', async () => {
    await helm('install', '--create-namespace');
    await waitUntilServed(chart);
    await createAccount(namespace, 'mapped', false);
    assert.ok(isInjected(await createPod(podManifest('mapped'))));
    await chart.cluster.create(`/api/v1/namespaces/${namespace}/configmaps`, {
      metadata: { name: 'settings' },
      data: { AWS_ROLE_ARN: roleArn, AWS_WEB_IDENTITY_TOKEN_FILE: '/token' },
    });
    await createAccount(namespace, 'with-role', true);
    const envFrom = [{ configMapRef: { name: 'settings' } }];
    const containers = [{ name: 'app', image: 'registry.invalid/app', envFrom }];
    const spec = { ...podSpec('with-role'), initContainers: [], containers };
    const pod = await createPod({ metadata: { generateName: 'app-' }, spec });
    assert.deepEqual(ourVariables(containerNamed(pod, 'app')), {});
    // A namespace that the watch has not told of is read live; by the time of a create it mostly has.
    await sendReview(chart.kubelet.workers()[0]?.portOf('https') ?? 0, 'not-known');
  });

  it('are enough to tell of a map of roles that is refused', async () => {
    const configMap = `${own}/configmaps/pod-identity-webhook`;
    await chart.cluster.patch(configMap, { data: { config: '{"no-slash": {}}' } });
    const written = async (): Promise<true | undefined> =>
      (await chart.cluster.get<ObjectList>(`${own}/events`)).items.some(({ reason }) => reason === 'RoleMapRefused') ||
      undefined;
    await waitFor('the Event of the refusal', written, timeoutMs);
    await chart.cluster.delete(configMap);
  });

  it('are enough for a rotation', async () => {
    const first = await authority();
    const rotated = async (): Promise<true | undefined> => (await authority()) !== first || undefined;
    await waitFor('another authority', rotated, timeoutMs);
  });

  it('are enough after the Secret is lost', async () => {
    const lost = await authority();
    await chart.cluster.delete(secretPath);
    const remade = async (): Promise<true | undefined> => {
      const found = await authority();
      return (found !== undefined && found !== lost) || undefined;
    };
    await waitFor('the Secret', remade, timeoutMs);
  });

  for (const kind of ['mutating', 'validating']) {
    it(`are enough after the caBundle of the ${kind} webhooks is changed`, async () => {
      const configuration = `${admission}/${kind}webhookconfigurations/${release}`;
      const { webhooks } = await chart.cluster.get<Configuration>(configuration);
      const emptied = webhooks.map((webhook) => ({
        ...webhook,
        clientConfig: { ...webhook.clientConfig, caBundle: '' },
      }));
      await chart.cluster.patch(configuration, { webhooks: emptied });
      const mended = async (): Promise<true | undefined> => {
        const found = await chart.cluster.get<Configuration>(configuration);
        return found.webhooks.every(({ clientConfig }) => (clientConfig.caBundle ?? '') !== '') || undefined;
      };
      await waitFor('the caBundles', mended, timeoutMs);
    });
  }

  it('are enough for who takes over from a killed leader', async () => {
    const holder = await leaseHolder();
    const leader = chart.kubelet.workers().find(({ pod }) => holder.startsWith(pod.metadata.name));
    assert.ok(leader, `a pod that is ${holder}`);
    leader.crash();
    const takenOver = async (): Promise<true | undefined> => (await leaseHolder()) !== holder || undefined;
    await waitFor('another holder of the Lease', takenOver, timeoutMs);
  });

  it('are enough for an upgrade', async () => {
    await helm('upgrade', '--set=podAnnotations.changed=yes');
    await waitUntilServed(chart);
    assert.ok(isInjected(await createPod(podManifest('with-role'))));
  });

  it('are all used, and nothing was forbidden', async () => {
    const { used, granted, forbidden, count } = await compareRights(chart);
    assert.deepEqual(forbidden, []);
    assert.deepEqual(used, granted);
    process.stdout.write(`      ${String(count)} requests by ${String(granted.length)} rights\n`);
    assert.deepEqual(chart.kubelet.faults, []);
    assert.deepEqual(chart.proxy.faults, []);
  });
});

/** Sends a review of a pod, as the API server does. */
async function sendReview(port: number, namespace: string): Promise<void> {
  const uid = 'a-review';
  const resource = { group: '', version: 'v1', resource: 'pods' };
  const request = { uid, operation: 'CREATE', namespace, resource, object: podManifest('default') };
  const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
  const headers = { 'content-type': 'application/json' };
  const options = { host: '127.0.0.1', port, path: '/mutate', method: 'POST', headers, agent: false } as const;
  const sent = https.request({ ...options, rejectUnauthorized: false }).end(body);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event is documented to carry
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  assert.equal(response.statusCode, 200);
}
