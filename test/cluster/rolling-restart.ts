/** Replicas that are replaced one after the other while pods are created: the suite, in a short and in a long form. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createPair } from '../kubernetes/certificates.ts';
import { createAccount, roleArn } from './accounts.ts';
import { type Balancer, type Replica, startBalancer } from './balancer.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { describeLoad, startPodLoad } from './pod-load.ts';
import { isInjected, podManifest } from './pods.ts';
import { register, waitUntilEnforced } from './registration.ts';
import { waitFor } from './wait-for.ts';
import { type Account, createWebhookAccount, startWebhook, type WebhookProcess } from './webhook-process.ts';

/** How long it goes, and how long each replica goes on serving after SIGTERM. */
export type RollingRestart = { readonly seconds: number; readonly shutdownDelay: string };

type Running = { readonly replica: Replica; readonly webhook: WebhookProcess };

/** Describes the suite. */
export function describeRollingRestart({ seconds, shutdownDelay }: RollingRestart): void {
  describe(`rolling restart for ${String(seconds)} s`, function () {
    this.timeout(180_000 + 2_000 * seconds);
    let namespace: string;
    let account: Account;
    let balancer: Balancer;
    let pair: { certPath: string; keyPath: string; authority: string };
    const running: Running[] = [];

    async function startReplica(): Promise<void> {
      const webhook = await startWebhook(cluster(), {
        account,
        hosts: [],
        pair,
        flags: [`--shutdown-delay=${shutdownDelay}`],
      });
      const isReady = async (): Promise<boolean> => (await webhook.health('/readyz')).status === 200;
      const replica: Replica = { port: webhook.port, isReady };
      running.push({ replica, webhook });
      const before = balancer.readyCount();
      balancer.add(replica);
      await waitFor('the new replica to be ready', () => balancer.readyCount() > before || undefined, 20_000);
    }

    /** As a Deployment with maxUnavailable 0: the old one is told to end once the new one is ready. */
    async function replaceOldest(): Promise<void> {
      await startReplica();
      const oldest = running.shift();
      assert.ok(oldest);
      await oldest.webhook.stop();
      balancer.remove(oldest.replica);
    }

    before(async function () {
      needOwnControlPlane(this);
      namespace = await cluster().createNamespace();
      await createAccount(namespace, 'with-role', { 'role-arn': roleArn });
      account = await createWebhookAccount(cluster(), namespace);
      const base = path.join(cluster().directory, `rolling-${namespace}`);
      const { cert, key } = await createPair(['127.0.0.1', 'localhost']);
      await writeFile(`${base}.crt`, cert);
      await writeFile(`${base}.key`, key);
      pair = { certPath: `${base}.crt`, keyPath: `${base}.key`, authority: cert };
      balancer = await startBalancer({ probeMs: 1_000, spreadMs: 1_000 });
      await startReplica();
      await startReplica();
      const caBundle = Buffer.from(cert).toString('base64');
      await register(cluster(), { name: 'irsa', namespace, route: 'url', port: balancer.port, caBundle });
      await waitUntilEnforced(cluster(), namespace, isInjected, podManifest('with-role'));
    });

    after(async () => {
      if (cluster().controlPlane === undefined) return;
      await Promise.all(running.map(async ({ webhook }) => webhook.stop()));
      await balancer.stop();
    });

    it('no create fails', async () => {
      const load = startPodLoad({ namespace, account: 'with-role', perSecond: 25, burst: 25 });
      const endMs = performance.now() + seconds * 1_000;
      let replaced = 0;
      while (performance.now() < endMs) {
        await replaceOldest();
        replaced += 1;
      }
      const result = await load.stop();
      const connections = [...balancer.connections().values()].join(', ');
      process.stdout.write(
        `      ${String(replaced)} replicas replaced, ${describeLoad(result)}; connections: ${connections}\n`,
      );
      assert.deepEqual(result.failures, []);
      assert.ok(replaced >= 2 && result.created > seconds * 25);
    });
  });
}
