/** The optional entry for service accounts, as its manifest registers it: whoever writes an account reads what is wrong. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { roleArn } from './accounts.ts';
import { auditAnnotations } from './audit-annotations.ts';
import { cluster } from './hooks.ts';
import { waitFor } from './wait-for.ts';
import {
  createWebhookAccount,
  startWebhook,
  waitForReviews,
  waitUntilReady,
  type WebhookProcess,
} from './webhook-process.ts';

const enforcedTimeoutMs = 30_000;
const good = { 'eks.amazonaws.com/role-arn': roleArn };
const wrong = { ...good, 'eks.amazonaws.com/token-expiration': '1 day' };
const warning =
  'account annotation eks.amazonaws.com/token-expiration: "1 day" is not a whole number of seconds; 86400 is used';

/** Registers what manifests/validate-service-accounts.yaml says, for one namespace and for a webhook on this machine. */
async function registerValidation(namespace: string, webhook: WebhookProcess): Promise<void> {
  const file = path.join(import.meta.dirname, '../../manifests/validate-service-accounts.yaml');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own manifest; what is missing fails the test
  const manifest = parse(await readFile(file, 'utf8')) as {
    readonly webhooks: readonly [{ readonly clientConfig: { readonly service: { readonly path: string } } }];
  };
  const [entry] = manifest.webhooks;
  const url = `https://${cluster().webhookHost}:${String(webhook.port)}${entry.clientConfig.service.path}`;
  await cluster().create('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
    ...manifest,
    metadata: { name: `irsa-${namespace}` },
    webhooks: [
      {
        ...entry,
        clientConfig: { url, caBundle: webhook.caBundle },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
    ],
  });
}

function account(name: string, annotations: object): object {
  return { metadata: { name, annotations } };
}

describe('the entry for service accounts', () => {
  let namespace: string;
  let webhook: WebhookProcess;
  let accounts: string;

  before(async () => {
    namespace = await cluster().createNamespace();
    accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    webhook = await startWebhook(cluster(), { account: await createWebhookAccount(cluster(), namespace), hosts: [] });
    await waitUntilReady(webhook);
    await registerValidation(namespace, webhook);
    const probe = async (): Promise<true | undefined> => {
      const answer = await cluster().request('POST', `${accounts}?dryRun=All`, account('probe', wrong));
      return answer.warnings.length > 0 || undefined;
    };
    await waitFor('the API server to call the webhook for accounts', probe, enforcedTimeoutMs);
  });

  after(async () => webhook.stop());

  it('warns whoever creates an account of a slip, and changes nothing', async () => {
    const { status, body, warnings } = await cluster().request('POST', accounts, account('created', wrong));
    assert.equal(status, 201);
    assert.deepEqual(warnings, [warning]);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the API server answers to a creation
    assert.deepEqual((body as { metadata: { annotations: unknown } }).metadata.annotations, wrong);
  });

  it('warns at a dry run, too, after which there is no account', async () => {
    const { status, warnings } = await cluster().request('POST', `${accounts}?dryRun=All`, account('dry', wrong));
    assert.equal(status, 201);
    assert.deepEqual(warnings, [warning]);
    await waitForReviews(webhook, 1, (line) => line['account'] === 'dry' && line['dryRun'] === true);
    assert.equal((await cluster().request('GET', `${accounts}/dry`)).status, 404);
  });

  it('warns at an update, and no more once the slip is mended', async () => {
    assert.deepEqual((await cluster().request('POST', accounts, account('updated', good))).warnings, []);
    const change = (annotations: object) =>
      cluster().request('PATCH', `${accounts}/updated`, { metadata: { annotations } });
    assert.deepEqual((await change(wrong)).warnings, [warning]);
    assert.deepEqual((await change({ 'eks.amazonaws.com/token-expiration': '3600' })).warnings, []);
  });

  it('is not asked at a deletion, nor for a token', async () => {
    await cluster().create(accounts, account('deleted', good));
    await cluster().tokenFor(namespace, 'deleted');
    await cluster().delete(`${accounts}/deleted`);
    await cluster().create(accounts, account('afterwards', good));
    await waitForReviews(webhook, 1, (line) => line['account'] === 'afterwards');
    const outcomes = webhook.log().filter(({ message }) => message === 'review');
    assert.deepEqual([...new Set(outcomes.map(({ outcome }) => outcome))], ['account_checked']);
  });

  it('writes its outcome into the audit log', async function () {
    const { controlPlane } = cluster();
    if (controlPlane === undefined) return this.skip();
    await cluster().create(accounts, account('audited', good));
    const annotations = await auditAnnotations(controlPlane, namespace, 'audited', 'serviceaccounts');
    assert.equal(annotations['service-accounts.irsa-webhook.io/outcome'], 'account_checked');
  });

  it('keeps no account from being written when the webhook is gone', async () => {
    await webhook.stop();
    const { status, warnings } = await cluster().request('POST', accounts, account('alone', wrong));
    assert.equal(status, 201);
    assert.deepEqual(warnings, []);
  });
});
