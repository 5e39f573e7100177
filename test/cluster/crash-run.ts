/** Kills the holder of the Lease at each write of a rotation, under load. */
import { createAccount, roleArn } from './accounts.ts';
import { cluster } from './hooks.ts';
import { type Seen, watchHandshakes } from './handshakes.ts';
import { isInjected, podManifest } from './pods.ts';
import { createPods, type PodCounts, type PodRate } from './pod-stream.ts';
import { waitFor } from './wait-for.ts';
import { waitUntilEnforced } from './registration.ts';
import { certificateRights, collectionOf, type Installation, installSelfManaged, type Times } from './self-managed.ts';
import { isRecord } from './objects.ts';
import { type Account, waitUntilReady, type WebhookProcess } from './webhook-process.ts';
import { type RotationWrite, startWriteProxy, type When, type WriteProxy } from './write-proxy.ts';

/** A place at which the holder is killed. */
export type FaultPoint = { readonly write: RotationWrite; readonly when: When };

/** Returns points of one kind. In a rotation a second `bundle` is the one that drops the old authority. */
export function pointsAt(when: When, ...writes: RotationWrite[]): FaultPoint[] {
  return writes.map((write) => ({ write, when }));
}

/** More at once than the API server keeps connections, so that there are handshakes all the time. */
export const crashRate: PodRate = { perSecond: 10, atOnce: 40 };

/** A takeover within 3 s, so that several fit into the last third of an authority's life. */
export const crashTimes: Times = { leaf: '10s', authority: '48s', delay: '2s', lease: '2s' };

/** Replicas that may hold the Lease, each behind a proxy of its own, and the points at which they die, in order. */
export type Holders = {
  /** Starts one more. */
  readonly start: () => Promise<WebhookProcess>;
  /** Points at which one was killed so far. */
  readonly reached: readonly FaultPoint[];
  readonly stop: () => Promise<void>;
};

/** Returns holders of an installation. `onKill` is told of each that is gone, before anything else happens. */
export function createHolders(
  installation: Installation,
  points: readonly FaultPoint[],
  onKill: (killed: WebhookProcess) => void,
): Holders {
  const proxies: WriteProxy[] = [];
  const reached: FaultPoint[] = [];
  let started = 0;
  return {
    reached,
    start: async () => {
      started += 1;
      let own: WebhookProcess | undefined;
      const proxy = await startWriteProxy(cluster(), async (write, when) => {
        const point = points[reached.length];
        if (own === undefined || point?.write !== write || point.when !== when) return true;
        reached.push(point);
        await own.kill();
        onKill(own);
        return false;
      });
      proxies.push(proxy);
      own = await installation.startReplica(`holder-${String(started)}`, [`--kube-api=${proxy.url}`]);
      return own;
    },
    stop: async () => {
      await Promise.all(proxies.map(async (proxy) => proxy.stop()));
    },
  };
}

/** Installs with lives of seconds in a namespace of its own. */
export async function installForCrashes(): Promise<Installation> {
  const namespace = await cluster().createNamespace();
  await createAccount(namespace, 'with-role', { 'role-arn': roleArn });
  return installSelfManaged(cluster(), namespace, crashTimes);
}

/** Waits until pods of the namespace get their role from these replicas. */
export async function serveBy(installation: Installation, replicas: readonly WebhookProcess[]): Promise<void> {
  await Promise.all(replicas.map(waitUntilReady));
  installation.balancer.use(replicas.map(({ port }) => port));
  await waitUntilEnforced(cluster(), installation.namespace, isInjected, podManifest('with-role'));
}

/** What became of it all. */
export type CrashCounts = PodCounts & Seen & { readonly reached: readonly FaultPoint[] };

/**
 * Kills the holder, which does not serve, at each of the points in their order while pods are created by way of two replicas
 * that only follow, and waits for one more rotation.
 */
export async function crashUnderLoad(points: readonly FaultPoint[], timeoutMs: number): Promise<CrashCounts> {
  const installation = await installForCrashes();
  const spares: Promise<void>[] = [];
  const holders = createHolders(installation, points, () => spares.push(startSpare(holders)));
  try {
    for (let spare = 0; spare < 3; spare += 1) await holders.start();
    const follower = await createFollowerAccount(installation);
    const replicas = await Promise.all(
      ['follower-1', 'follower-2'].map(async (name) => installation.startReplica(name, [], follower)),
    );
    await serveBy(installation, replicas);
    const enough = new AbortController();
    const shown: Seen = { serials: new Set(), issuers: new Set() };
    const running = Promise.all([
      createPods(installation.namespace, crashRate, enough.signal),
      watchHandshakes(installation.balancer.port, enough.signal, shown),
    ]);
    await waitFor('every point to be reached', () => holders.reached.length === points.length || undefined, timeoutMs);
    const known = countIssuers(replicas);
    const knownByCallers = shown.issuers.size;
    await waitFor('one more rotation', () => countIssuers(replicas) > known || undefined, timeoutMs);
    // What replicas serve a caller sees with its next handshake.
    await waitFor('a handshake by it', () => shown.issuers.size > knownByCallers || undefined, timeoutMs);
    enough.abort();
    const [counts, seen] = await running;
    return { ...counts, ...seen, reached: holders.reached };
  } finally {
    await Promise.allSettled(spares);
    await holders.stop();
    await installation.end();
  }
}

/** A machine that is busy with something else may not start a program in time; the next try is as good. */
async function startSpare(holders: Holders): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await holders.start();
      return;
    } catch (error) {
      if (tries === 3) throw error;
    }
  }
}

/** Returns how many authorities signed what these replicas served, by their logs. */
export function countIssuers(replicas: readonly WebhookProcess[]): number {
  const lines = replicas.flatMap((replica) => replica.log());
  const signed = lines.filter(({ message }) => message === 'certificate signed and served');
  return new Set(signed.map(({ issuer }) => issuer)).size;
}

/** Returns an account that may only read, and knows no Lease: its replicas never write. */
export async function createFollowerAccount({ namespace, configuration }: Installation): Promise<Account> {
  const name = 'follower';
  await createAccount(namespace, name, {});
  const subject = { kind: 'ServiceAccount', name, namespace };
  for (const object of await certificateRights(namespace, configuration)) {
    const metadata = { ...object.metadata, name: `${object.metadata.name}-follower` };
    const { rules, roleRef } = object;
    const changed = Array.isArray(rules)
      ? { rules: readingRules(rules) }
      : { subjects: [subject], roleRef: followerRole(roleRef) };
    await cluster().create(collectionOf(object), { ...object, ...changed, metadata });
  }
  await cluster().create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: `follower-${namespace}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `irsa-webhook-${namespace}` },
    subjects: [subject],
  });
  return { namespace, name };
}

function readingRules(rules: unknown[]): unknown[] {
  const reading = ['get', 'list', 'watch'];
  return rules.filter(isRecord).flatMap((rule) => {
    const verbs = Array.isArray(rule['verbs']) ? rule['verbs'].filter((verb) => reading.includes(String(verb))) : [];
    const isLease = JSON.stringify(rule['resources']).includes('leases');
    return verbs.length === 0 || isLease ? [] : [{ ...rule, verbs }];
  });
}

function followerRole(roleRef: unknown): unknown {
  return isRecord(roleRef) ? { ...roleRef, name: `${String(roleRef['name'])}-follower` } : roleRef;
}
