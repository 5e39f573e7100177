/** The race that a cache loses: a pod that is created the moment its account, or its account's role, is there. */
import assert from 'node:assert/strict';
import { createAccount, roleArn } from './accounts.ts';
import { enforce } from './enforce.ts';
import { cluster } from './hooks.ts';
import { inParallel } from './in-parallel.ts';
import { podManifest } from './pods.ts';
import { pairCount, type Race, runRace } from './races.ts';
import { waitFor } from './wait-for.ts';
import { metricOf } from './webhook-metrics.ts';
import { createWebhookAccount, startWebhook, type WebhookProcess } from './webhook-process.ts';

const count = pairCount('IRSA_TEST_RACE_PAIRS', 300);
/** A pair takes some 10 ms. */
const timeoutMs = 180_000 + 100 * count;
const withRole = { 'role-arn': roleArn };
const annotated = { metadata: { annotations: { 'eks.amazonaws.com/role-arn': roleArn } } };

/** Rights that leave the webhook without a watch, but not without a list. */
const withoutWatch = { rules: [{ apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get', 'list'] }] };

type Case = {
  readonly title: string;
  readonly watch: 'open' | 'down';
  readonly flags: readonly string[];
  readonly kinds: readonly Race[];
};

const cases: readonly Case[] = [
  { title: 'the watch open', watch: 'open', flags: [], kinds: ['account, pod', 'account, role, pod'] },
  { title: 'the watch down', watch: 'down', flags: [], kinds: ['account, pod', 'account, role, pod'] },
  {
    title: 'every account read live',
    watch: 'open',
    flags: ['--live-lookups=always'],
    kinds: ['account, pod', 'account, role, pod', 'another role, role, pod'],
  },
];

for (const { title, watch, flags, kinds } of cases) {
  describe(`races: pods created right after their account, ${title}`, function () {
    this.timeout(timeoutMs);
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
      webhook = await startWebhook(cluster(), { account, hosts: [], flags });
      await enforce(webhook, namespace);
      const isOpen = async (): Promise<true | undefined> =>
        (await metricOf(webhook, 'irsa_webhook_watch_connected')) === (watch === 'open' ? 1 : 0) || undefined;
      await waitFor(`the watch to be ${watch}`, isOpen, 10_000);
    });

    after(async () => webhook.stop());

    const accounts = (): string => `/api/v1/namespaces/${namespace}/serviceaccounts`;

    for (const [index, race] of kinds.entries()) {
      it(`${race}: ${String(count)} of ${String(count)} have the role`, async () => {
        const { lost, failed } = await runRace(namespace, race, { count, prefix: `race-${String(index)}` });
        assert.deepEqual({ lost, failed: [...failed] }, { lost: 0, failed: [] });
      });
    }

    // With every account read live, its role ends nothing: the reads go on.
    if (flags.length > 0) return;

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
