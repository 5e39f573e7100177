/** The races again, while the API server is slow, cuts watches or resets connections, and some reads fail. */
import assert from 'node:assert/strict';
import { createAccount, roleArn } from './accounts.ts';
import { enforce } from './enforce.ts';
import { type Faults, type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { cluster } from './hooks.ts';
import { pairCount, races, type Race, runRace } from './races.ts';
import { failedLookupsOf } from './webhook-metrics.ts';
import { createWebhookAccount, startWebhook, type WebhookProcess } from './webhook-process.ts';

const count = pairCount('IRSA_TEST_FAULTY_RACE_PAIRS', 200);
/** A slow pair takes some 50 ms; one whose reads fail takes the five seconds of the registration. */
const timeoutMs = 180_000 + 200 * count;

/** Tells by its name, or the path that ends in it: such an account has no role, so that its pods need a read; and each is refused. */
function isDoomed(name: string): boolean {
  return /-\d*49$/.test(name);
}

type Case = {
  readonly title: string;
  readonly faults: Omit<Faults, 'refuses'>;
  readonly flags: readonly string[];
  readonly kinds: readonly Race[];
};

const slow = { delayMs: 200, watchMs: undefined, resetsUsed: false };
const cut = { delayMs: 0, watchMs: 1_000, resetsUsed: false };
const reset = { delayMs: 0, watchMs: undefined, resetsUsed: true };
const firstRole = ['account, pod', 'account, role, pod'] as const;
const always = ['--live-lookups=always'];
const cases: readonly Case[] = [
  { title: 'each response 200 ms late', faults: slow, flags: [], kinds: firstRole },
  { title: 'the watch cut every second', faults: cut, flags: [], kinds: firstRole },
  { title: 'each connection reset at its second use', faults: reset, flags: [], kinds: firstRole },
  { title: 'late, every account read live', faults: slow, flags: always, kinds: ['another role, role, pod'] },
  { title: 'cut, every account read live', faults: cut, flags: always, kinds: ['another role, role, pod'] },
  { title: 'reset, every account read live', faults: reset, flags: always, kinds: ['another role, role, pod'] },
];

for (const { title, faults, flags, kinds } of cases) {
  describe(`races with a faulty API server, ${title}`, function () {
    this.timeout(timeoutMs);
    let namespace: string;
    let webhook: WebhookProcess;
    let proxy: FaultProxy;

    before(async () => {
      namespace = await cluster().createNamespace();
      await createAccount(namespace, 'with-role', { 'role-arn': roleArn });
      const account = await createWebhookAccount(cluster(), namespace);
      proxy = await startFaultProxy(cluster(), { ...faults, refuses: isDoomed });
      webhook = await startWebhook(cluster(), { account, hosts: [], flags: [`--kube-api=${proxy.url}`, ...flags] });
      await enforce(webhook, namespace);
    });

    after(async () => {
      await webhook.stop();
      await proxy.stop();
    });

    for (const [index, race] of kinds.entries()) {
      it(`${race}: no pod without its role, and none refused but for a read that failed`, async () => {
        const before = { lookups: await failedLookupsOf(webhook), reads: proxy.refusedCount() };
        const prepare = (where: string, name: string) =>
          isDoomed(name) ? createAccount(where, name, {}) : races[race](where, name);
        const { lost, failed } = await runRace(namespace, race, { count, prefix: `race-${String(index)}`, prepare });
        const lookups = (await failedLookupsOf(webhook)) - before.lookups;
        const reads = proxy.refusedCount() - before.reads;
        const faultsSeen = `${String(proxy.cutCount())} watches cut, ${String(proxy.resetCount())} connections reset`;
        process.stdout.write(
          `      ${String(lookups)} reviews failed, ${String(reads)} reads refused, ${faultsSeen}\n`,
        );
        const doomed = Array.from({ length: count }, (_, at) => `race-${String(index)}-${String(at)}`).filter(isDoomed);
        assert.equal(lost, 0);
        assert.deepEqual([...failed.keys()].toSorted(), doomed.toSorted(), [...failed.values()].join('\n'));
        // The API server asks again within its timeout, and each time it is a read of its own.
        assert.equal(lookups, reads);
        assert.ok(reads >= doomed.length);
        if (faults.watchMs !== undefined) assert.ok(proxy.cutCount() > 0);
        if (faults.resetsUsed) assert.ok(proxy.resetCount() > 0);
      });
    }
  });
}
