/** Namespaces that opt out, on a real API server: a label that comes later, and one that is there from the beginning. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createAccount, createAccounts, roleArn } from './accounts.ts';
import { cluster } from './hooks.ts';
import { isInjected, type Pod, podManifest } from './pods.ts';
import { register, waitUntilEnforced } from './registration.ts';
import { waitFor } from './wait-for.ts';
import {
  type Account,
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

/** Gives an account the rights of manifests/rbac-namespaces.yaml, as far as these verbs go. */
async function grant({ namespace, name }: Account, verbs: string): Promise<void> {
  const manifest = await readFile(path.join(import.meta.dirname, '../../manifests/rbac-namespaces.yaml'), 'utf8');
  assert.ok(manifest.includes('verbs: [get, list, watch]'));
  const renamed = manifest
    .replaceAll('name: irsa-webhook-namespaces', `name: irsa-webhook-namespaces-${namespace}`)
    .replace(/name: irsa-webhook$/m, `name: ${name}`)
    .replace('namespace: irsa-webhook', `namespace: ${namespace}`)
    .replace('get, list, watch', verbs);
  await cluster().createFromYaml(renamed, namespace);
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
    await grant(account, 'get, list, watch');
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
      await createAccount(place, 'with-role', { 'role-arn': roleArn });
      assert.ok(!isInjected(await podIn(place)));
      const [line] = await waitForReviews(webhook, 1, (review) => review['namespace'] === place);
      assert.equal(line?.['outcome'], 'opted_out_by_namespace');
    }
  });

  it('goes by live reads as long as it knows no list, and is not ready, and says why', async () => {
    const other = await cluster().createNamespace();
    await createAccounts(other);
    const account = await createWebhookAccount(cluster(), other);
    await grant(account, 'get');
    const unlisted = await startWebhook(cluster(), { account, hosts: [], flags: ['--watch-namespaces'] });
    const outcomeOf = async (): Promise<string | undefined> => {
      const request = { uid: '1', operation: 'CREATE', namespace: other, object: podManifest('with-role') };
      const { body } = await unlisted.post({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
      return /"outcome":"(\w+)"/.exec(body)?.[1];
    };
    try {
      const probe = async (): Promise<true | undefined> => {
        const { status, body } = await unlisted.health('/readyz');
        return (status === 503 && /^not ready: namespaces have not been read yet: .*forbidden/.test(body)) || undefined;
      };
      await waitFor('the webhook to say why it is not ready', probe, changeTimeoutMs);
      assert.equal(await outcomeOf(), 'injected');
      await cluster().patch(`/api/v1/namespaces/${other}`, { metadata: { labels: { [key]: '' } } });
      assert.equal(await outcomeOf(), 'opted_out_by_namespace', 'at once');
    } finally {
      await unlisted.stop();
    }
  });
});
