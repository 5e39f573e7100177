/** The chart's entries on a real API server: which of them each pod of each namespace is sent to, and that none is sent twice. */
import assert from 'node:assert/strict';
import { objectOfKind, renderChart } from '../chart/render-chart.ts';
import { needTool } from '../tools/find-tool.ts';
import { type CountingWebhook, startCountingWebhook } from './counting-webhook.ts';
import { freePort } from './free-port.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { registerEntries } from './rendered-entries.ts';
import { waitFor } from './wait-for.ts';

const enforcedTimeoutMs = 30_000;
const optOut = 'eks.amazonaws.com/skip-pod-identity-webhook';
const required = 'irsa-webhook.io/required';
const own = { 'irsa-webhook.io/replica-of': 'irsa-webhook' };

/** Labels of the namespaces, and which entry a pod is sent to, one that is labelled as required besides. */
const namespaces = {
  plain: { labels: {}, pod: 'pods', requiredPod: 'required-pods' },
  required: { labels: { [required]: 'true' }, pod: 'required-namespaces', requiredPod: 'required-namespaces' },
  'not required': { labels: { [required]: 'false' }, pod: 'pods', requiredPod: 'required-pods' },
  'opted out': { labels: { [optOut]: 'false' }, pod: undefined, requiredPod: undefined },
  'required, and opted out': { labels: { [required]: 'true', [optOut]: '' }, pod: undefined, requiredPod: undefined },
  'of the release': { labels: {}, pod: 'pods', requiredPod: 'required-pods' },
  'kube-system': { labels: {}, pod: 'pods', requiredPod: 'required-pods' },
  'kube-node-lease': { labels: { [required]: 'true' }, pod: undefined, requiredPod: undefined },
} as const;

type NamespaceName = keyof typeof namespaces;

/** Metadata of the pods, and how the entry is found that they are sent to. */
const pods = {
  plain: { metadata: {}, sent: 'pod' },
  required: { metadata: { labels: { [required]: 'true' } }, sent: 'requiredPod' },
  'not required': { metadata: { labels: { [required]: 'no' } }, sent: 'pod' },
  'of another application': { metadata: { labels: { 'irsa-webhook.io/replica-of': 'shop' } }, sent: 'pod' },
  'opted out by label': { metadata: { labels: { [optOut]: 'false' } }, sent: undefined },
  'opted out by annotation': { metadata: { annotations: { [optOut]: '' } }, sent: undefined },
  'opted out by annotation, though required': {
    metadata: { labels: { [required]: 'true' }, annotations: { [optOut]: 'true' } },
    sent: undefined,
  },
  'opted in by annotation': { metadata: { annotations: { [optOut]: 'false' } }, sent: 'pod' },
  // Anybody may write the label, so that it counts in the namespace of the release only.
  'of the webhook itself': { metadata: { labels: own }, sent: 'pod', isOwn: true },
  'of the webhook itself, though required': {
    metadata: { labels: { ...own, [required]: 'true' } },
    sent: 'requiredPod',
    isOwn: true,
  },
  mirror: { metadata: { annotations: { 'kubernetes.io/config.mirror': 'hash' } }, sent: undefined },
} as const;

type PodName = keyof typeof pods;

function podManifest(name: string, kind: PodName): object {
  const spec = { containers: [{ name: 'app', image: 'registry.invalid/app' }] };
  // The API server takes a mirror pod for a node's own only.
  const placed = kind === 'mirror' ? { ...spec, nodeName: 'node' } : spec;
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...pods[kind].metadata, name }, spec: placed };
}

/** Makes a namespace, or gives one of the system the labels; returns its name. */
async function openNamespace(name: string, labels: Record<string, string>): Promise<string> {
  if (!name.startsWith('kube-')) return cluster().createNamespace(labels);
  await cluster().patch(`/api/v1/namespaces/${name}`, { metadata: { labels } });
  return name;
}

describe("the chart's entries", function () {
  this.timeout(120_000);
  /** Names by what they are called here. */
  const names = new Map<NamespaceName, string>();
  /** The label of the namespaces whose pods are sent at all. */
  let scope: Record<string, string>;
  let webhook: CountingWebhook;
  let remove: (() => Promise<void>) | undefined;
  let podCount = 0;
  /** The API server may go by an earlier registration for a moment. */
  let registrations = 0;

  before(async function () {
    needTool(this, 'helm', process.env);
    // Namespaces of the system get labels.
    needOwnControlPlane(this);
    scope = { 'irsa-test-entries': String(process.hrtime.bigint()) };
    for (const [name, { labels }] of Object.entries(namespaces)) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a key of that very table
      names.set(name as NamespaceName, await openNamespace(name, { ...labels, ...scope }));
    }
    webhook = await startCountingWebhook(cluster().webhookHost);
  });

  afterEach(async () => {
    await remove?.();
    remove = undefined;
  });

  after(async () => {
    if (names.size === 0) return;
    webhook.close();
    const labels = Object.fromEntries(Object.keys({ ...scope, [required]: '' }).map((key) => [key, null]));
    for (const name of ['kube-system', 'kube-node-lease']) {
      await cluster().patch(`/api/v1/namespaces/${name}`, { metadata: { labels } });
    }
  });

  function nameOf(namespace: NamespaceName): string {
    return names.get(namespace) ?? '';
  }

  async function register(values: object, target: { readonly port: number } = webhook): Promise<void> {
    const rendering = {
      values: { webhook: { namespaceSelector: { matchLabels: scope }, ...values } },
      namespace: nameOf('of the release'),
    };
    const configuration = objectOfKind<Parameters<typeof registerEntries>[1]>(
      renderChart(rendering),
      'MutatingWebhookConfiguration',
    );
    registrations += 1;
    const pathOf = (entry: string): string => `/${String(registrations)}/${entry}`;
    const path = await registerEntries(cluster(), configuration, {
      caBundle: webhook.caBundle,
      port: target.port,
      pathOf,
    });
    remove = () => cluster().delete(path);
  }

  async function create(namespace: NamespaceName, pod: PodName, query = '?dryRun=All') {
    podCount += 1;
    const name = `pod-${String(podCount)}`;
    const path = `/api/v1/namespaces/${nameOf(namespace)}/pods${query}`;
    const { status } = await cluster().request('POST', path, podManifest(name, pod));
    return { name, status, entries: entriesSent(name) };
  }

  /** Returns the entries of the present registration that an object was sent to. */
  function entriesSent(name: string): string[] {
    const start = `/${String(registrations)}/`;
    const reviews = webhook.reviews.filter(({ object, path }) => object === name && path.startsWith(start));
    return reviews.map(({ path }) => path.slice(start.length));
  }

  async function isSent(): Promise<true | undefined> {
    return (await create('plain', 'plain')).entries.length > 0 || undefined;
  }

  async function waitUntilSent(): Promise<void> {
    await waitFor('the API server to call the webhook', isSent, enforcedTimeoutMs);
  }

  it(`send each of ${String(Object.keys(pods).length)} pods in ${String(Object.keys(namespaces).length)} namespaces to just the one that is meant`, async () => {
    await register({});
    await waitUntilSent();
    let sent = 0;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of these very tables
    for (const namespace of Object.keys(namespaces) as NamespaceName[]) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- likewise
      for (const pod of Object.keys(pods) as PodName[]) {
        const { sent: way } = pods[pod];
        const isLeftOut = way === undefined || ('isOwn' in pods[pod] && namespace === 'of the release');
        const expected = isLeftOut ? undefined : namespaces[namespace][way];
        const { status, entries } = await create(namespace, pod);
        assert.equal(status, 201, `${pod} in ${namespace}`);
        const name = expected === undefined ? [] : [`${expected}.irsa-webhook.io`];
        assert.deepEqual(entries, name, `${pod} in ${namespace}`);
        sent += name.length;
      }
    }
    assert.equal(sent, 5 * Object.values(pods).filter(({ sent: way }) => way !== undefined).length - 2);
  });

  it('leave kube-system alone where that is asked for', async () => {
    await register({ includeKubeSystem: false });
    await waitUntilSent();
    assert.deepEqual((await create('kube-system', 'required')).entries, []);
  });

  it('refuse, while nobody answers, what is required and nothing else', async () => {
    await register({}, { port: await freePort() });
    const probe = async () => (await create('required', 'plain')).status === 500 || undefined;
    await waitFor('the API server to call the webhook', probe, enforcedTimeoutMs);
    assert.equal((await create('plain', 'plain')).status, 201);
    assert.equal((await create('plain', 'required')).status, 500);
    assert.equal((await create('of the release', 'required')).status, 500);
    assert.equal((await create('of the release', 'of the webhook itself, though required')).status, 201);
    assert.equal((await create('required', 'of the webhook itself')).status, 500, 'a label that anybody may write');
    const unaffected = ['mirror', 'opted out by annotation', 'opted out by label'] as const;
    for (const pod of unaffected) assert.equal((await create('required', pod)).status, 201, pod);
  });

  it('send a container that is added to a running pod where that is asked for', async () => {
    await register({ ephemeralContainers: true });
    await waitUntilSent();
    const { name } = await create('required', 'plain', '');
    const ephemeralContainers = [{ name: 'debugger', image: 'registry.invalid/debugger' }];
    const path = `/api/v1/namespaces/${nameOf('required')}/pods/${name}/ephemeralcontainers`;
    await cluster().patch(path, { spec: { ephemeralContainers } });
    assert.deepEqual(entriesSent(name), [
      'required-namespaces.irsa-webhook.io',
      'ephemeral-containers.irsa-webhook.io',
    ]);
  });
});
