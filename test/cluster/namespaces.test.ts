/** Namespaces that opt out, on a real API server: a label that comes later, and one that is there from the beginning. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createAccounts } from './accounts.ts';
import { cluster } from './hooks.ts';
import { isInjected, type Pod, podManifest } from './pods.ts';
import { register, waitUntilEnforced } from './registration.ts';
import { waitFor } from './wait-for.ts';
import {
  createWebhookAccount,
  startWebhook,
  waitForReviews,
  waitUntilReady,
  type WebhookProcess,
} from './webhook-process.ts';

const key = 'eks.amazonaws.com/skip-pod-identity-webhook';
const changeTimeoutMs = 15_000;

async function podIn(place: string): Promise<Pod> {
  return cluster().create<Pod>(`/api/v1/namespaces/${place}/pods?dryRun=All`, podManifest('with-role'));
}

async function becomes(place: string, expected: boolean): Promise<void> {
  const probe = async (): Promise<true | undefined> => isInjected(await podIn(place)) === expected || undefined;
  await waitFor(`pods in ${place} to be ${expected ? 'injected' : 'left alone'}`, probe, changeTimeoutMs);
}

describe('with --watch-namespaces', () => {
  let namespace: string;
  /** The label of the namespaces for which the webhook is called from their first moment. */
  let ownLabel: Record<string, string>;
  let webhook: WebhookProcess;

  before(async () => {
    ownLabel = { 'irsa-test-run': String(process.hrtime.bigint()) };
    namespace = await cluster().createNamespace(ownLabel);
    await createAccounts(namespace);
    const account = await createWebhookAccount(cluster(), namespace);
    const manifest = await readFile(path.join(import.meta.dirname, '../../manifests/rbac-namespaces.yaml'), 'utf8');
    const renamed = manifest
      .replaceAll('name: irsa-webhook-namespaces', `name: irsa-webhook-namespaces-${namespace}`)
      .replace(/name: irsa-webhook$/m, `name: ${account.name}`)
      .replace('namespace: irsa-webhook', `namespace: ${namespace}`);
    await cluster().createFromYaml(renamed, namespace);
    webhook = await startWebhook(cluster(), { account, hosts: [], flags: ['--watch-namespaces'] });
    await waitUntilReady(webhook);
    const { port, caBundle } = webhook;
    const namespaceLabels = ownLabel;
    await register(cluster(), { name: 'irsa', namespace, namespaceLabels, route: 'url', port, caBundle });
    await waitUntilEnforced(cluster(), namespace, isInjected, podManifest('with-role'));
  });

  after(async () => webhook.stop());

  it('follows a label, and an annotation, that come and go', async () => {
    const change = async (metadata: object): Promise<void> => {
      await cluster().patch(`/api/v1/namespaces/${namespace}`, { metadata });
    };
    await change({ labels: { [key]: 'false' } });
    await becomes(namespace, false);
    await change({ labels: { [key]: null } });
    await becomes(namespace, true);
    await change({ annotations: { [key]: 'true' } });
    await becomes(namespace, false);
    await change({ annotations: { [key]: 'false' } });
    await becomes(namespace, true);
    await waitForReviews(webhook, 1, ({ outcome }) => outcome === 'opted_out_by_namespace');
  });

  it('warns of an annotation that is no boolean, and injects', async () => {
    await cluster().patch(`/api/v1/namespaces/${namespace}`, { metadata: { annotations: { [key]: 'maybe' } } });
    const warning = `namespace annotation ${key}: "maybe" is not a boolean; it does not opt out`;
    const probe = async (): Promise<true | undefined> => {
      const pods = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
      const { body, warnings } = await cluster().request('POST', pods, podManifest('with-role'));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the API server answers to a creation
      assert.ok(isInjected(body as object));
      return warnings.includes(warning) || undefined;
    };
    await waitFor('the warning', probe, changeTimeoutMs);
  });

  it('leaves a pod alone at once whose namespace is labelled when it is created', async () => {
    for (const round of [1, 2, 3, 4, 5]) {
      const place = `${namespace}-new-${String(round)}`;
      const metadata = { name: place, labels: { ...ownLabel, [key]: '' } };
      await cluster().create('/api/v1/namespaces', { metadata });
      await createAccounts(place);
      assert.ok(!isInjected(await podIn(place)));
      const [line] = await waitForReviews(webhook, 1, (review) => review['namespace'] === place);
      assert.equal(line?.['outcome'], 'opted_out_by_namespace');
    }
  });

  it('is not ready without the rights to read namespaces, and says so', async () => {
    const other = await cluster().createNamespace();
    const account = await createWebhookAccount(cluster(), other);
    const without = await startWebhook(cluster(), { account, hosts: [], flags: ['--watch-namespaces'] });
    try {
      const probe = async (): Promise<true | undefined> => {
        const { status, body } = await without.health('/readyz');
        return (status === 503 && /^not ready: namespaces have not been read yet: .*forbidden/.test(body)) || undefined;
      };
      await waitFor('the webhook to say why it is not ready', probe, changeTimeoutMs);
    } finally {
      await without.stop();
    }
  });
});
