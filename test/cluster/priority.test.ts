/** The priority inversion: creates of pods that wait for the webhook hold the seats that its own reads wait for. */
import assert from 'node:assert/strict';
import { createAccount } from './accounts.ts';
import { cluster } from './hooks.ts';
import { inParallel } from './in-parallel.ts';
import { isInjected, podManifest } from './pods.ts';
import { register, waitUntilEnforced } from './registration.ts';
import { waitFor } from './wait-for.ts';
import { failedLookupsOf } from './webhook-metrics.ts';
import { createWebhookAccount, install, startWebhook, waitUntilReady, type WebhookProcess } from './webhook-process.ts';

const seats = 12;
const podCount = 600;
/** Creates at a time: what the seats cannot hold waits in the API server's queues. */
const concurrency = 100;
const creators = ['creator-0', 'creator-1', 'creator-2', 'creator-3'];
const configuredTimeoutMs = 15_000;

const mayCreatePods = { apiGroups: [''], resources: ['pods'], verbs: ['create'] };

describe('creates of pods by service accounts, on an API server of few seats', function () {
  this.timeout(180_000);
  let namespace: string;
  let webhook: WebhookProcess | undefined;
  let tokens: readonly string[];
  let removeRegistration: (() => Promise<void>) | undefined;

  before(async function () {
    const { controlPlane } = cluster();
    // What it takes is a start of the API server with other flags.
    if (controlPlane === undefined) return this.skip();
    await controlPlane.restartApiServer([
      `--max-requests-inflight=${String(seats)}`,
      `--max-mutating-requests-inflight=${String(seats)}`,
    ]);
    namespace = await cluster().createNamespace();
    await createAccount(namespace, 'with-role', { 'role-arn': 'arn:aws:iam::111122223333:role/app' });
    // One for each pod, and without a role: no review is answered without a read, and no read is shared.
    await inParallel(
      16,
      Array.from({ length: podCount }, (_, index) => () => createAccount(namespace, `bare-${String(index)}`, {})),
    );
    tokens = await createCreators();
    const account = await createWebhookAccount(cluster(), namespace);
    const started = await startWebhook(cluster(), { account, hosts: [] });
    webhook = started;
    await waitUntilReady(started);
    const { port, caBundle } = started;
    const registration = await register(cluster(), { name: 'irsa', namespace, route: 'url', port, caBundle });
    removeRegistration = () => cluster().delete(registration);
    await waitUntilEnforced(cluster(), namespace, isInjected, podManifest('with-role'));
  });

  after(async () => {
    await removeRegistration?.();
    await webhook?.stop();
    await cluster().controlPlane?.restartApiServer();
  });

  /** Administrators are exempt from the API server's queues. */
  async function createCreators(): Promise<string[]> {
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    await cluster().create(`${rbac}/roles`, { metadata: { name: 'creator' }, rules: [mayCreatePods] });
    await cluster().create(`${rbac}/rolebindings`, {
      metadata: { name: 'creator' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'creator' },
      subjects: creators.map((name) => ({ kind: 'ServiceAccount', namespace, name })),
    });
    return Promise.all(
      creators.map(async (name) => {
        await createAccount(namespace, name, {});
        return cluster().tokenFor(namespace, name);
      }),
    );
  }

  const createPod = (index: number) => async (): Promise<string | undefined> => {
    const token = tokens[index % tokens.length] ?? '';
    const pod = podManifest(`bare-${String(index)}`);
    const { status, body } = await cluster().request('POST', `/api/v1/namespaces/${namespace}/pods`, pod, { token });
    return status === 201 ? undefined : `${String(status)}: ${JSON.stringify(body)}`;
  };

  /** Returns the messages of the creates that failed. */
  async function failuresOf(): Promise<string[]> {
    assert.ok(webhook);
    const lookupsBefore = await failedLookupsOf(webhook);
    const results = await inParallel(
      concurrency,
      Array.from({ length: podCount }, (_, index) => createPod(index)),
    );
    const failures = results.filter((failure) => failure !== undefined);
    const lookups = (await failedLookupsOf(webhook)) - lookupsBefore;
    process.stdout.write(
      `      ${String(failures.length)} of ${String(podCount)} creates failed, ${String(lookups)} reads failed or were late\n`,
    );
    return failures;
  }

  /** Returns a figure of the API server's own about a priority level; undefined while it does not know the level. */
  async function levelMetric(metric: string): Promise<number | undefined> {
    const { body } = await cluster().request('GET', '/metrics');
    const level = `priority_level="irsa-webhook-${namespace}"`;
    const lines = String(body)
      .split('\n')
      .filter((line) => line.startsWith(`${metric}{`) && line.includes(level));
    return lines.length === 0 ? undefined : lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  it('may fail where the reads of the webhook have no seats of their own', async () => {
    // How many depends on the machine: it is for whoever reads the figures, and may be none.
    await failuresOf();
  });

  it(`${String(podCount)} of ${String(podCount)} succeed with manifests/flow-schema.yaml`, async () => {
    const installed = await install(cluster(), 'flow-schema.yaml', namespace);
    try {
      const isKnown = () => levelMetric('apiserver_flowcontrol_nominal_limit_seats');
      await waitFor('the API server to know the priority level', isKnown, configuredTimeoutMs);
      assert.deepEqual(await failuresOf(), []);
      const read = (await levelMetric('apiserver_flowcontrol_dispatched_requests_total')) ?? 0;
      assert.ok(read >= podCount, `${String(read)} requests of the webhook used its seats`);
    } finally {
      const group = '/apis/flowcontrol.apiserver.k8s.io/v1';
      const collections = { FlowSchema: 'flowschemas', PriorityLevelConfiguration: 'prioritylevelconfigurations' };
      for (const { kind, metadata } of installed) {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the kinds of that file
        await cluster().delete(`${group}/${collections[kind as keyof typeof collections]}/${metadata.name}`);
      }
    }
  });
});
