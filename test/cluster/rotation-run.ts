/** The rotation under load: replicas behind a balancer, lives of seconds, pods all the time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createAccount, roleArn } from './accounts.ts';
import { cluster } from './hooks.ts';
import { type Seen, watchHandshakes } from './handshakes.ts';
import { isInjected, podManifest } from './pods.ts';
import { createPods, fullRate, type PodCounts } from './pod-stream.ts';
import { waitUntilEnforced } from './registration.ts';
import { type Installation, installSelfManaged, shortTimes } from './self-managed.ts';
import { waitUntilReady, type WebhookProcess } from './webhook-process.ts';

/** Two replicas that serve, and what is around them. */
export type Serving = { readonly installation: Installation; readonly replicas: readonly WebhookProcess[] };

/** Starts two replicas with lives of seconds, behind a balancer, and returns when pods of the namespace get their role. */
export async function startServing(): Promise<Serving> {
  const namespace = await cluster().createNamespace();
  await createAccount(namespace, 'with-role', { 'role-arn': roleArn });
  const installation = await installSelfManaged(cluster(), namespace, shortTimes);
  const replicas = await Promise.all(['serving-1', 'serving-2'].map((name) => installation.startReplica(name)));
  await Promise.all(replicas.map(waitUntilReady));
  installation.balancer.use(replicas.map(({ port }) => port));
  await waitUntilEnforced(cluster(), namespace, isInjected, podManifest('with-role'));
  return { installation, replicas };
}

/** Creates pods at the full rate for so long, and returns what became of them and what was seen in handshakes. */
export async function rotateUnderLoad({ installation }: Serving, durationMs: number): Promise<PodCounts & Seen> {
  const enough = new AbortController();
  const running = Promise.all([
    createPods(installation.namespace, fullRate, enough.signal),
    watchHandshakes(installation.balancer.port, enough.signal),
  ]);
  await sleep(durationMs);
  enough.abort();
  const [counts, seen] = await running;
  return { ...counts, ...seen };
}
