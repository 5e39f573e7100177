/** Pods are created while another process floods the port of the webhook: the suite, in a short and in a long form. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryOf } from '../bench/process-cost.ts';
import { useScope } from '../kubernetes/scope.ts';
import { startFlood } from '../soak/start-flood.ts';
import { medianP99, percentile } from '../soak/tail-times.ts';
import { createAccount, roleArn } from './accounts.ts';
import { enforce } from './enforce.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { describeLoad, type LoadResult, startPodLoad } from './pod-load.ts';
import { createWebhookAccount, startWebhook, type WebhookProcess } from './webhook-process.ts';

/** The first creates find nothing compiled yet, on either side. */
const warmUpMs = 5_000;
const perSecond = 40;
/** `docs/security.md` has the sum of what the limits allow. */
const mostResidentMebibytes = 512;

/** How long the flood goes, the part of its size, and whether times are held to. */
export type HostileCreates = { readonly seconds: number; readonly scale: number; readonly holdsTimes: boolean };

/** Describes the suite. */
export function describeHostileCreates({ seconds, scale, holdsTimes }: HostileCreates): void {
  describe(`pods created while hostile clients flood the port for ${String(seconds)} s`, function () {
    this.timeout(120_000 + seconds * 3_000);
    const scope = useScope();
    let namespace: string;
    let webhook: WebhookProcess;

    before(async function () {
      needOwnControlPlane(this);
      namespace = await cluster().createNamespace();
      await createAccount(namespace, 'with-role', { 'role-arn': roleArn });
      const account = await createWebhookAccount(cluster(), namespace);
      webhook = await startWebhook(cluster(), { account, hosts: [], flags: ['--max-connections=2000'] });
      await enforce(webhook, namespace);
    });

    after(async () => {
      if (cluster().controlPlane !== undefined) await webhook.stop();
    });

    async function createFor(milliseconds: number): Promise<LoadResult> {
      const load = startPodLoad({ namespace, account: 'with-role', perSecond, burst: 0 });
      await sleep(milliseconds);
      return load.stop();
    }

    it('none fails, and their p99 is at most three times the quiet one', async () => {
      await createFor(warmUpMs);
      // Before and after, so that a machine that is slower by and by slows both.
      const quietMs = (seconds * 1_000) / 3;
      const before = await createFor(quietMs);
      print('quiet', before);

      const flooding = startFlood({ port: webhook.port, seconds, scale });
      scope.onEnd(flooding.stop);
      let mostMebibytes = 0;
      const look = setInterval(() => {
        mostMebibytes = Math.max(mostMebibytes, memoryOf(webhook.pid).residentMegabytes);
      }, 500);
      scope.onEnd(() => {
        clearInterval(look);
      });
      const flooded = await createFor(seconds * 1_000);
      const opened = await flooding.opened();
      print('flooded', flooded);
      process.stdout.write(`      resident ${mostMebibytes.toFixed(0)} MiB at most; opened: ${opened}\n`);

      const after = await createFor(quietMs);
      print('quiet again', after);
      for (const { failures } of [before, flooded, after]) assert.deepEqual(failures, []);
      assert.ok(mostMebibytes < mostResidentMebibytes, `${mostMebibytes.toFixed(0)} MiB`);
      assert.equal((await webhook.health('/readyz')).status, 200);
      if (!holdsTimes) return;
      const quietP99 = medianP99([...before.timesMs, ...after.timesMs]);
      const floodedP99 = medianP99(flooded.timesMs);
      const times = `p99 ${floodedP99.toFixed(1)} ms, quiet ${quietP99.toFixed(1)} ms, medians of parts`;
      process.stdout.write(`      ${times}\n`);
      assert.ok(floodedP99 <= 3 * quietP99, times);
    });
  });
}

function print(name: string, result: LoadResult): void {
  const [median, p99] = [0.5, 0.99].map((share) => percentile(result.timesMs, share).toFixed(1));
  process.stdout.write(`      ${name}: ${describeLoad(result)}; median ${String(median)} ms, p99 ${String(p99)} ms\n`);
}
