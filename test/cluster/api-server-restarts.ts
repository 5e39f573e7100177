/** The API server is killed and comes back while pods are created: the suite, in a short and in a long form. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAccount, roleArn } from './accounts.ts';
import { enforce } from './enforce.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { startPodLoad } from './pod-load.ts';
import { createWebhookAccount, startWebhook, type WebhookProcess } from './webhook-process.ts';

/** From the API server's readyz on, creates may fail for so long. */
const recoveryMs = 5_000;
/** How long creates must go on without a failure after that. */
const calmMs = 4_000;

/** Describes the suite. */
export function describeApiServerRestarts({ restarts }: { readonly restarts: number }): void {
  describe(`the API server killed ${String(restarts)} times while pods are created`, function () {
    this.timeout(120_000 + restarts * 90_000);
    let namespace: string;
    let webhook: WebhookProcess;

    before(async function () {
      needOwnControlPlane(this);
      namespace = await cluster().createNamespace();
      await createAccount(namespace, 'with-role', { 'role-arn': roleArn });
      const account = await createWebhookAccount(cluster(), namespace);
      webhook = await startWebhook(cluster(), { account, hosts: [] });
      await enforce(webhook, namespace);
    });

    after(async () => {
      if (cluster().controlPlane !== undefined) await webhook.stop();
    });

    it(`no create fails later than ${String(recoveryMs / 1_000)} s after it is back`, async () => {
      const { controlPlane } = cluster();
      assert.ok(controlPlane);
      const load = startPodLoad({ namespace, account: 'with-role', perSecond: 20, burst: 10 });
      const lastFailuresMs: number[] = [];
      for (let restart = 0; restart < restarts; restart += 1) {
        const failuresBefore = load.failures().length;
        await controlPlane.kill('kube-apiserver');
        const createdBefore = load.created();
        await controlPlane.startApiServer();
        const backMs = performance.now();
        await sleep(recoveryMs + calmMs);
        const failures = load.failures().slice(failuresBefore);
        lastFailuresMs.push(Math.max(...failures.map(({ startMs }) => startMs - backMs)));
        assert.deepEqual(
          failures.filter(({ startMs }) => startMs - backMs > recoveryMs),
          [],
        );
        assert.ok(load.created() > createdBefore, 'pods are created again');
        assert.equal((await webhook.health('/readyz')).status, 200);
      }
      const { created, failures } = await load.stop();
      process.stdout.write(
        `      ${String(created)} created, ${String(failures.length)} failed while it was down; the last of each, ` +
          `counted from its readyz: ${lastFailuresMs.map((ms) => ms.toFixed(0)).join(', ')} ms\n`,
      );
      assert.ok(failures.length > 0, 'it was down');
    });
  });
}
