/**
 * A kubelet and a scheduler for the tests of the chart: one node, whose pods are the real program, started as their spec says.
 *
 * It differs from a real one in this: no image is pulled, the entry point is the program as it was built; all ports are free
 * ports of loopback, though pods have addresses of their own; the token is read through a `--kubeconfig` that is appended;
 * and what is mounted is found by the flags that name it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster.ts';
import { startGuardedRun } from '../guarded-run.ts';
import type { ObjectList } from '../objects.ts';
import { serveLogs } from './container-logs.ts';
import { podPath, type ScheduledPod } from './pod-spec.ts';
import { type PodWorker, startPodWorker } from './pod-worker.ts';
import { nodeName, registerNode } from './test-node.ts';

/** Between two looks at the pods. */
const pollMs = 200;

/** A running kubelet. */
export type TestKubelet = {
  /** The pods that run now. */
  readonly workers: () => readonly PodWorker[];
  /** The port of this machine that a port of a pod is; undefined where nothing listens. */
  readonly portOf: (podIp: string, port: number) => number | undefined;
  /** What went wrong in the kubelet itself; a test that found some cannot be trusted. */
  readonly faults: readonly unknown[];
  /** Ends all processes at once. */
  readonly stop: () => Promise<void>;
};

/** Starts a kubelet that runs the pods whose image begins with `image`, and leaves all others pending. */
export async function startTestKubelet(cluster: Cluster, image: string): Promise<TestKubelet> {
  const run = await startGuardedRun();
  const workers = new Map<string, PodWorker>();
  const faults: unknown[] = [];
  const onFault = (fault: unknown): void => void faults.push(fault);
  const logs = await serveLogs(async (namespace, podName) => {
    const found = [...workers.values()].find(
      ({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === podName,
    );
    return found?.log();
  });
  const stopHeartbeats = await registerNode(cluster, logs.port, onFault);
  const ended = new AbortController();
  let addresses = 0;

  const look = async (): Promise<void> => {
    const { items } = await cluster.get<ObjectList<ScheduledPod>>('/api/v1/pods');
    const present = new Set(items.map(({ metadata }) => metadata.uid));
    for (const [uid, worker] of workers) {
      if (present.has(uid)) continue;
      workers.delete(uid);
      void worker.terminate(0).catch(onFault);
    }
    for (const pod of items) await handle(pod);
  };

  const handle = async (pod: ScheduledPod): Promise<void> => {
    const { uid, deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
    const worker = workers.get(uid);
    if (worker !== undefined) {
      if (deletionTimestamp !== undefined) void worker.terminate(deletionGracePeriodSeconds).catch(onFault);
      return;
    }
    const isOurs = pod.spec.containers[0].image.startsWith(image);
    if (!isOurs || deletionTimestamp !== undefined || pod.status.phase !== 'Pending') return;
    if (pod.spec.nodeName === undefined) return bind(pod);
    addresses += 1;
    // No EndpointSlice may hold an address of loopback. This one is for documentation (RFC 5737), and nobody's.
    const podIp = `192.0.2.${String(addresses)}`;
    workers.set(uid, startPodWorker(pod, { cluster, run, podIp, onFault }));
    return undefined;
  };

  const bind = async (pod: ScheduledPod): Promise<void> => {
    const { name, namespace } = pod.metadata;
    await cluster.request('POST', `${podPath(pod)}/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace },
      target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
    });
  };

  const looking = (async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await look().catch(onFault);
      await sleep(pollMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  })();

  return {
    workers: () => [...workers.values()],
    portOf: (podIp, port) => [...workers.values()].find((worker) => worker.podIp === podIp)?.portOf(port),
    faults,
    async stop() {
      ended.abort();
      stopHeartbeats();
      await looking;
      await Promise.all([...workers.values()].map(async (worker) => worker.terminate(0).catch(onFault)));
      await logs.stop();
      await run.end();
    },
  };
}
