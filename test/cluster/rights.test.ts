/** What the webhook may do in a cluster, and what becomes of pods when it may not. */
import assert from 'node:assert/strict';
import { createAccounts } from './accounts.ts';
import { cluster } from './hooks.ts';
import { podManifest } from './pods.ts';
import { register } from './registration.ts';
import { waitFor } from './wait-for.ts';
import {
  type Account,
  createWebhookAccount,
  startWebhook,
  waitUntilReady,
  type WebhookProcess,
} from './webhook-process.ts';

type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
};

const readTimeoutMs = 15_000;

describe('the rights of the webhook', () => {
  let namespace: string;
  let account: Account;

  before(async () => {
    namespace = await cluster().createNamespace();
    await createAccounts(namespace);
    account = await createWebhookAccount(cluster(), namespace);
  });

  it('are to read service accounts, and nothing that not every account may', async () => {
    const reviews = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } };
    const rulesOf = async (name: string): Promise<readonly Rule[]> => {
      const token = await cluster().tokenFor(namespace, name);
      const answer = await cluster().request('POST', reviews, review, { token });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the API server answers to such a review
      return (answer.body as { status: { resourceRules: readonly Rule[] } }).status.resourceRules;
    };
    const common = new Set((await rulesOf('default')).map((rule) => JSON.stringify(rule)));
    const own = (await rulesOf(account.name)).filter((rule) => !common.has(JSON.stringify(rule)));
    assert.deepEqual(own, [{ apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get', 'list', 'watch'] }]);
  });

  it('are enough to be ready and to answer', async () => {
    const webhook = await startWebhook(cluster(), { account, hosts: [] });
    try {
      await waitUntilReady(webhook);
      const { status, body } = await webhook.post(reviewOf(namespace));
      assert.equal(status, 200);
      assert.match(body, /"outcome":"injected"/);
    } finally {
      await webhook.stop();
    }
  });

  describe('when they are missing', () => {
    let webhook: WebhookProcess;

    before(async () => {
      webhook = await startWebhook(cluster(), { account: { namespace, name: 'without-role' }, hosts: [] });
    });

    after(async () => webhook.stop());

    it('the webhook is not ready and says why, but alive', async () => {
      const probe = async (): Promise<string | undefined> => {
        const { status, body } = await webhook.health('/readyz');
        return status === 503 && body.includes('forbidden') ? body : undefined;
      };
      const body = await waitFor('the webhook to say why it is not ready', probe, readTimeoutMs);
      assert.match(
        body,
        /^not ready: service accounts cannot be read: Expected a list from \/api\/v1\/serviceaccounts, got 403: serviceaccounts is forbidden: User "system:serviceaccount:/,
      );
      assert.deepEqual(await webhook.health('/livez'), { status: 200, body: 'ok' });
    });

    it('a pod is refused by failurePolicy, and the person who creates it reads why', async () => {
      const { port, caBundle } = webhook;
      await register(cluster(), { name: 'irsa', namespace, route: 'url', port, caBundle });
      const pods = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
      const probe = async (): Promise<unknown> => {
        const { status, body } = await cluster().request('POST', pods, podManifest('with-role'));
        return status === 500 ? body : undefined;
      };
      const body = await waitFor('the API server to call the webhook', probe, readTimeoutMs);
      assert.match(
        JSON.stringify(body),
        /failed calling webhook .*cannot read service account .*\/with-role: the API server answered 403: .*forbidden/,
      );
    });
  });
});

function reviewOf(namespace: string): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: '1', operation: 'CREATE', namespace, object: podManifest('with-role') },
  };
}
