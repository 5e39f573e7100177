/** The chart's policy on a real API server: pods that are admitted without the role of their account are noticed, and no others. */
import assert from 'node:assert/strict';
import { parseContainerNames } from '../../src/identity/container-names.ts';
import { isHook, objectOfKind, renderChart } from '../chart/render-chart.ts';
import { needTool } from '../tools/find-tool.ts';
import { auditAnnotations } from './audit-annotations.ts';
import type { Cluster } from './cluster.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { inParallel } from './in-parallel.ts';
import { accountOf, missedPodCases, podOf } from './missed-pod-cases.ts';
import type { KubernetesObject } from './objects.ts';
import { openCluster } from './open-cluster.ts';
import { registerEntries } from './rendered-entries.ts';
import { waitFor } from './wait-for.ts';
import { createWebhookAccount, startWebhook, waitUntilReady } from './webhook-process.ts';

const prefix = 'eks.amazonaws.com';
const seenTimeoutMs = 30_000;
const openTimeoutMs = 120_000;
const admission = '/apis/admissionregistration.k8s.io/v1';
const role = { 'role-arn': 'arn:aws:iam::111122223333:role/app' };
const withRole = { name: 'with a role', account: role, missed: 'app' } as const;

/** Returns the container that a warning of the policy names, if any. */
function noticed(warnings: readonly string[]): string | undefined {
  const found = warnings.map((warning) =>
    /names an IAM role, but container (\S+) was admitted without it/.exec(warning),
  );
  return found.find((match) => match !== null)?.[1];
}

/** One namespace with the accounts of all cases, on a cluster with the policy. */
type Scene = {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** Creates a pod for nothing but its warnings. */
  readonly warningsOf: (pod: object) => Promise<readonly string[]>;
  readonly end: () => Promise<void>;
};

type Policies = { readonly values?: object; readonly kubeVersion: string };

async function openScene(on: Cluster, { values = {}, kubeVersion }: Policies): Promise<Scene> {
  const namespace = await on.createNamespace();
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  const objects = renderChart({ values: { webhook: { namespaceSelector }, ...values }, kubeVersion });
  const policies = objects.filter((object) => (object.kind ?? '').includes('AdmissionPolicy') && !isHook(object));
  const paths: string[] = [];
  for (const policy of policies) paths.push(await createPolicy(on, policy));
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  if (policies.some(({ kind }) => kind === 'MutatingAdmissionPolicy')) {
    const probe = async () =>
      (await on.create(`${accounts}?dryRun=All`, accountOf(withRole, 'probe', prefix))).metadata.labels;
    await waitFor('accounts to be labelled', probe, seenTimeoutMs);
  }
  for (const [index, podCase] of missedPodCases.entries()) {
    await on.create(accounts, accountOf(podCase, `account-${String(index)}`, prefix));
  }
  await on.create(accounts, accountOf(withRole, 'last', prefix));
  const warningsOf: Scene['warningsOf'] = async (pod) => {
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    const { status, body, warnings } = await on.request('POST', path, pod);
    assert.equal(status, 201, JSON.stringify(body));
    return warnings;
  };
  // The API server learns of policies, bindings and accounts by watches; of accounts in the order in which they were made.
  const probe = async () => noticed(await warningsOf(podOf(withRole, 'last', prefix)));
  await waitFor('the policy to be in force', probe, seenTimeoutMs);
  const end = async (): Promise<void> => {
    for (const path of paths.toReversed()) await on.delete(path);
  };
  return { cluster: on, namespace, warningsOf, end };
}

async function createPolicy(on: Cluster, policy: KubernetesObject): Promise<string> {
  const resource = (policy.kind ?? '')
    .toLowerCase()
    .replace(/policy$/, 'policies')
    .replace(/binding$/, 'bindings');
  const { metadata } = await on.create(`${admission}/${resource}`, policy);
  return `${admission}/${resource}/${metadata.name}`;
}

/** Counts what the API server itself has counted of the policy. */
async function countedBy(on: Cluster, action: string): Promise<number> {
  const { body } = await on.request('GET', '/metrics');
  const lines = String(body).split('\n');
  const found = lines.filter(
    (line) =>
      line.startsWith('apiserver_validating_admission_policy_check_total{') &&
      line.includes('policy="irsa-webhook-missed"') &&
      line.includes(`enforcement_action="${action}"`),
  );
  return found.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Returns a list of names as strangers write it; each seed gives another. */
function randomList(seed: number): string {
  const pieces = ['app', 'app', '"app"', 'proxy', ',', ',', ',', '"', '\n', '\r\n', '\r', ' ', '""'];
  let state = (seed * 2_654_435_761) % 2_147_483_648;
  const next = (bound: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(state / 65_536) % bound;
  };
  return Array.from({ length: 1 + next(6) }, () => pieces[next(pieces.length)] ?? '').join('');
}

type PolicyStatus = { readonly typeChecking?: { readonly expressionWarnings?: readonly unknown[] } };

/** Returns the status of the policy, once the controller that checks its types has written it. */
async function checkedStatus(on: Cluster): Promise<PolicyStatus | undefined> {
  const { metadata, status } = await on.get<{
    readonly metadata: { readonly generation: number };
    readonly status?: PolicyStatus & { readonly observedGeneration?: number };
  }>(`${admission}/validatingadmissionpolicies/irsa-webhook-missed`);
  return status?.observedGeneration === metadata.generation ? status : undefined;
}

/** What holds on each version of Kubernetes. */
function itNotices(scene: () => Scene): void {
  for (const [index, podCase] of missedPodCases.entries()) {
    const { name, missed } = podCase;
    it(`${missed === undefined ? 'passes over' : 'notices'} a pod with ${name}`, async () => {
      const warnings = await scene().warningsOf(podOf(podCase, `account-${String(index)}`, prefix));
      assert.equal(noticed(warnings), missed, warnings.join('\n'));
    });
  }

  for (const [annotation, isNoticed] of [
    ['skip-containers', (names) => names?.has('app') !== true],
    ['include-containers', (names) => names?.has('app') !== false],
  ] as const satisfies [string, (names: ReadonlySet<string> | undefined) => boolean][]) {
    it(`reads ${annotation} as the program does`, async function () {
      this.timeout(60_000);
      const lists = Array.from({ length: 400 }, (_, seed) => randomList(seed));
      const expected = lists.map((list) => isNoticed(parseContainerNames(list)));
      const tasks = lists.map((list) => async () => {
        const pod = podOf({ ...withRole, annotations: { [annotation]: list } }, 'last', prefix);
        return noticed(await scene().warningsOf(pod)) !== undefined;
      });
      const seen = await inParallel(8, tasks);
      assert.deepEqual(
        lists.filter((_, index) => seen[index] !== expected[index]),
        [],
      );
      const count = expected.filter((is) => is).length;
      assert.ok(count > 50 && count < 350, `${String(count)} of the lists have the pod noticed`);
    });
  }

  it('copes with a pod of 500 containers', async () => {
    const containers = Array.from({ length: 500 }, (_, index) => ({ name: `app-${String(index)}` }));
    const skipped = containers.map(({ name }) => name).filter((name) => name !== 'app-499');
    const pod = podOf(
      { ...withRole, containers, annotations: { 'skip-containers': skipped.join(',') } },
      'last',
      prefix,
    );
    assert.equal(noticed(await scene().warningsOf(pod)), 'app-499');
  });

  it('is counted by the API server, and writes into the audit log', async () => {
    const { cluster: on, namespace } = scene();
    const before = { warn: await countedBy(on, 'warn'), audit: await countedBy(on, 'audit') };
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const pod = { ...podOf(withRole, 'last', prefix), metadata: { name: 'audited' } };
    const { status, warnings } = await on.request('POST', path, pod);
    assert.equal(status, 201);
    assert.equal(noticed(warnings), 'app');
    assert.equal((await countedBy(on, 'audit')) - before.audit, 1);
    assert.equal((await countedBy(on, 'warn')) - before.warn, 1);
    assert.ok(on.controlPlane);
    const annotations = await auditAnnotations(on.controlPlane, namespace, 'audited');
    assert.equal(annotations['irsa-webhook-missed/missed'], `last app ${role['role-arn']}`);
  });

  it('has no expression that the API server finds fault with', async () => {
    const { cluster: on } = scene();
    const what = 'the types of the policy to be checked';
    const { typeChecking } = await waitFor(what, async () => checkedStatus(on), seenTimeoutMs);
    assert.deepEqual(typeChecking?.expressionWarnings ?? [], []);
  });
}

describe('the policy that notices missed pods', function () {
  this.timeout(openTimeoutMs);
  let scene: Scene | undefined;

  before(async function () {
    needTool(this, 'helm', process.env);
    // What all namespaces and accounts are held against is not for somebody's cluster.
    needOwnControlPlane(this);
    scene = await openScene(cluster(), { kubeVersion: '1.36.3' });
  });

  after(async () => scene?.end());

  const opened = (): Scene => {
    if (scene === undefined) throw new Error('expected the scene to be open');
    return scene;
  };

  itNotices(opened);

  it('says nothing where the webhook answers, but of pods that are in their own way', async () => {
    const { namespace, warningsOf } = opened();
    const account = await createWebhookAccount(cluster(), namespace);
    const webhook = await startWebhook(cluster(), { account, hosts: [] });
    let registered: string | undefined;
    try {
      await waitUntilReady(webhook);
      const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
      const rendered = renderChart({ values: { webhook: { namespaceSelector } } });
      const configuration = objectOfKind<Parameters<typeof registerEntries>[1]>(
        rendered,
        'MutatingWebhookConfiguration',
      );
      const { port, caBundle } = webhook;
      registered = await registerEntries(cluster(), configuration, { port, caBundle, pathOf: () => '/mutate' });
      const probe = async () => noticed(await warningsOf(podOf(withRole, 'last', prefix))) === undefined || undefined;
      await waitFor('the API server to call the webhook', probe, seenTimeoutMs);
      for (const [index, podCase] of missedPodCases.entries()) {
        const warnings = await warningsOf(podOf(podCase, `account-${String(index)}`, prefix));
        assert.equal(noticed(warnings), podCase.isStillMissed === true ? podCase.missed : undefined, podCase.name);
      }
    } finally {
      if (registered !== undefined) await cluster().delete(registered);
      await webhook.stop();
    }
  });
});

describe('the policy that notices missed pods, where ConfigMaps of envFrom and namespaces are read', () => {
  it('passes over containers that may have their variables from one, and a namespace that opts out by its annotation', async function () {
    needTool(this, 'helm', process.env);
    needOwnControlPlane(this);
    const values = { config: { respectEnvFrom: true, watchNamespaces: true } };
    const scene = await openScene(cluster(), { values, kubeVersion: '1.36.3' });
    try {
      const noticedWith = async (source: object) => {
        const containers = [{ name: 'app', envFrom: [source] }];
        return noticed(await scene.warningsOf(podOf({ ...withRole, containers }, 'last', prefix)));
      };
      const configMapRef = { name: 'settings' };
      assert.equal(await noticedWith({ configMapRef }), undefined);
      assert.equal(await noticedWith({ configMapRef, prefix: 'AWS_R' }), undefined);
      assert.equal(await noticedWith({ configMapRef, prefix: 'DATABASE_' }), 'app');
      assert.equal(await noticedWith({ secretRef: { name: 'settings' } }), 'app', 'no Secret is read');

      const annotate = async (value: string | null): Promise<void> => {
        const annotations = { [`${prefix}/skip-pod-identity-webhook`]: value };
        await cluster().patch(`/api/v1/namespaces/${scene.namespace}`, { metadata: { annotations } });
        const probe = async () =>
          (noticed(await scene.warningsOf(podOf(withRole, 'last', prefix))) === undefined) === (value !== null) ||
          undefined;
        await waitFor('the annotation of the namespace to count', probe, seenTimeoutMs);
      };
      await annotate('true');
      await annotate(null);
    } finally {
      await scene.end();
    }
  });
});

describe('the label of accounts that name a role', () => {
  it('comes and goes with the role, and narrows what pods are held against', async function () {
    needTool(this, 'helm', process.env);
    needOwnControlPlane(this);
    const accountSelector = { matchLabels: { 'irsa-webhook.io/role': 'true' } };
    const values = { missedPods: { accountSelector, keepAccountLabel: true } };
    const scene = await openScene(cluster(), { values, kubeVersion: '1.36.3' });
    const accounts = `/api/v1/namespaces/${scene.namespace}/serviceaccounts`;
    const labelsOf = async (name: string) => (await cluster().get(`${accounts}/${name}`)).metadata.labels;
    const annotate = (value: string | null) =>
      cluster().patch(`${accounts}/changing`, { metadata: { annotations: { [`${prefix}/role-arn`]: value } } });
    const labelled = { 'irsa-webhook.io/role': 'true' };
    try {
      assert.deepEqual(await labelsOf('last'), labelled);
      await cluster().create(accounts, { metadata: { name: 'changing', labels: { team: 'shop' } } });
      assert.deepEqual(await labelsOf('changing'), { team: 'shop' });
      await annotate(role['role-arn']);
      assert.deepEqual(await labelsOf('changing'), { team: 'shop', ...labelled });
      const probe = async () => noticed(await scene.warningsOf(podOf(withRole, 'changing', prefix)));
      await waitFor('the account to be selected', probe, seenTimeoutMs);
      await annotate(' ');
      assert.deepEqual(await labelsOf('changing'), { team: 'shop' });
      await annotate(role['role-arn']);
      await cluster().patch(`${accounts}/changing`, { metadata: { labels: null } });
      assert.deepEqual(await labelsOf('changing'), labelled, 'whoever takes it away');
      await annotate(null);
      await cluster().patch(`${accounts}/changing`, { metadata: { labels: labelled } });
      assert.equal(await labelsOf('changing'), undefined);
    } finally {
      await scene.end();
    }
  });
});

describe('the policy that notices missed pods, on Kubernetes 1.33', function () {
  this.timeout(openTimeoutMs);
  let older: Cluster | undefined;
  let scene: Scene | undefined;

  before(async function () {
    needTool(this, 'helm', process.env);
    needOwnControlPlane(this);
    older = await openCluster({ ...process.env, KUBECONFIG: '' }, { apiServerFlags: ['--emulated-version=1.33'] });
    scene = await openScene(older, { kubeVersion: '1.33.0' });
  });

  after(async () => {
    await older?.cleanUp();
  });

  itNotices(() => {
    if (scene === undefined) throw new Error('expected the scene to be open');
    return scene;
  });
});
