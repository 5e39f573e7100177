/** The race that a cache loses: a pod that is created the moment its account, or its account's role, is there. */
import assert from 'node:assert/strict';
import { createAccount, roleArn } from './accounts.ts';
import { cluster } from './hooks.ts';
import { inParallel } from './in-parallel.ts';
import { isInjected, type Pod, podManifest } from './pods.ts';
import { register, waitUntilEnforced } from './registration.ts';
import { waitFor } from './wait-for.ts';
import { metricOf } from './webhook-metrics.ts';
import { createWebhookAccount, startWebhook, waitUntilReady, type WebhookProcess } from './webhook-process.ts';

const pairCount = 300;
/** Calls at a time. */
const concurrency = 16;
const withRole = { 'role-arn': roleArn };
const annotated = { metadata: { annotations: { 'eks.amazonaws.com/role-arn': roleArn } } };

/** Rights that leave the webhook without a watch, but not without a list. */
const withoutWatch = { rules: [{ apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get', 'list'] }] };

for (const watch of ['open', 'down'] as const) {
  describe(`pods created right after their account, the watch ${watch}`, function () {
    this.timeout(180_000);
    let namespace: string;
    let webhook: WebhookProcess;

    before(async () => {
      namespace = await cluster().createNamespace();
      await createAccount(namespace, 'with-role', withRole);
      await createAccount(namespace, 'bare', {});
      const account = await createWebhookAccount(cluster(), namespace);
      if (watch === 'down') {
        await cluster().patch(`/apis/rbac.authorization.k8s.io/v1/clusterroles/${account.name}`, withoutWatch);
      }
      webhook = await startWebhook(cluster(), { account, hosts: [] });
      await waitUntilReady(webhook);
      const { port, caBundle } = webhook;
      await register(cluster(), { name: 'irsa', namespace, route: 'url', port, caBundle });
      await waitUntilEnforced(cluster(), namespace, isInjected, podManifest('with-role'));
      const isOpen = async (): Promise<true | undefined> =>
        (await metricOf(webhook, 'irsa_webhook_watch_connected')) === (watch === 'open' ? 1 : 0) || undefined;
      await waitFor(`the watch to be ${watch}`, isOpen, 10_000);
    });

    after(async () => webhook.stop());

    const accounts = (): string => `/api/v1/namespaces/${namespace}/serviceaccounts`;
    const createPod = (name: string): Promise<Pod> =>
      cluster().create<Pod>(`/api/v1/namespaces/${namespace}/pods`, podManifest(name));

    async function createThenAnnotate(name: string): Promise<void> {
      await createAccount(namespace, name, {});
      await cluster().patch(`${accounts()}/${name}`, annotated);
    }

    /** Returns how many pods lack the identity. */
    async function lostOf(prefix: string, prepare: (name: string) => Promise<unknown>): Promise<number> {
      const names = Array.from({ length: pairCount }, (_, index) => `${prefix}-${String(index)}`);
      const pods = await inParallel(
        concurrency,
        names.map((name) => async () => {
          await prepare(name);
          return createPod(name);
        }),
      );
      return pods.filter((pod) => !isInjected(pod)).length;
    }

    it(`account, pod: ${String(pairCount)} of ${String(pairCount)} have the identity`, async () => {
      assert.equal(await lostOf('created', (name) => createAccount(namespace, name, withRole)), 0);
    });

    it(`account, role, pod: ${String(pairCount)} of ${String(pairCount)} have the identity`, async () => {
      assert.equal(await lostOf('annotated', createThenAnnotate), 0);
    });

    it('1,000 reviews of one bare account, 64 at a time: at most 100 reads, and its role counts from its first moment', async () => {
      const readsBefore = await metricOf(webhook, 'irsa_webhook_live_reads_total');
      let hasRole = false;
      let sent = 0;
      const review = async (): Promise<string | undefined> => {
        const mustHaveRole = hasRole;
        sent += 1;
        if (sent === 500) {
          await cluster().patch(`${accounts()}/bare`, annotated);
          hasRole = true;
        }
        const request = { uid: '1', operation: 'CREATE', namespace, object: podManifest('bare') };
        const body = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
        const { status, body: answer } = await webhook.post(body);
        assert.equal(status, 200, answer);
        const isGiven = answer.includes('"outcome":"injected"');
        assert.ok(isGiven || !mustHaveRole, 'a review without the role that was there before it');
        return isGiven ? 'given' : undefined;
      };
      // Once the watch has the role nobody reads any more; without it all thousand do.
      const answers = await inParallel(
        64,
        Array.from({ length: 1_000 }, () => review),
      );
      const reads = (await metricOf(webhook, 'irsa_webhook_live_reads_total')) - readsBefore;
      process.stdout.write(`      ${String(reads)} reads\n`);
      assert.ok(answers.some((answer) => answer === 'given') && answers.some((answer) => answer === undefined));
      assert.ok(reads <= 100, `${String(reads)} reads`);
    });
  });
}
