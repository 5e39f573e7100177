/** Runs one pod from its binding to its removal, as the kubelet does. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster.ts';
import type { GuardedRun } from '../guarded-run.ts';
import { containerCommand } from './container-command.ts';
import { type ContainerProcess, startContainerProcess } from './container-process.ts';
import { podPath, type ScheduledPod } from './pod-spec.ts';
import { podStatus, type PodState } from './pod-status.ts';
import { podVolumes } from './pod-volumes.ts';
import { runProbes } from './probes.ts';

/** How late a mounted Secret or ConfigMap is; a kubelet takes up to two minutes. */
const volumesMs = 1_000;
/** Before a container is started anew; a kubelet's first wait is ten seconds. */
const restartMs = 1_000;
const tokenSeconds = 3_600;

/** A pod that is being run. */
export type PodWorker = {
  readonly pod: ScheduledPod;
  readonly podIp: string;
  /** The port of this machine that a port of the container is, while its process runs. */
  readonly portOf: (port: number | string) => number | undefined;
  /** What the container has written since its last start. */
  readonly log: () => Promise<string>;
  /** Ends the process as the loss of its machine would; it is started again. */
  readonly crash: () => void;
  /** SIGTERM, SIGKILL after the grace period, and then the pod is removed; the second call does nothing. */
  readonly terminate: (graceSeconds: number) => Promise<void>;
};

/** What a pod is run with. */
export type WorkerOptions = {
  readonly cluster: Cluster;
  /** Has the processes and the files. */
  readonly run: GuardedRun;
  readonly podIp: string;
  /** Is told what went wrong with the pod but in its container. */
  readonly onFault: (fault: unknown) => void;
};

/** Starts to run a pod that was bound to the node. */
export function startPodWorker(pod: ScheduledPod, { cluster, run, podIp, onFault }: WorkerOptions): PodWorker {
  const [container] = pod.spec.containers;
  const { uid, namespace, name } = pod.metadata;
  const restartsAlways = pod.spec.restartPolicy === 'Always';
  const directory = path.join(run.directory, uid);
  const volumes = podVolumes(cluster, pod, directory);
  const ended = new AbortController();
  let state: PodState = {
    container: { kind: 'waiting', reason: 'ContainerCreating' },
    isStarted: false,
    isReady: false,
    restartCount: 0,
    podIp,
  };
  let current: ContainerProcess | undefined;
  let latest: ContainerProcess | undefined;
  let published = Promise.resolve();

  const publish = (change: Partial<PodState>): void => {
    state = { ...state, ...change };
    published = sendStatus(published, podStatus(container, state, !restartsAlways));
  };
  /** One after the other, so that the last one stays. */
  const sendStatus = async (previous: Promise<void>, status: object): Promise<void> => {
    await previous;
    await cluster.request('PATCH', `${podPath(pod)}/status`, { metadata: { uid }, status }).catch(onFault);
  };
  const isOver = (): boolean => ended.signal.aborted;
  const wait = async (ms: number): Promise<void> => {
    await sleep(ms, undefined, { signal: ended.signal }).catch(() => undefined);
  };

  /** As the kubelet's: bound to the pod, so that it ends with it. */
  async function writeToken(): Promise<string> {
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid };
    const token = await cluster.tokenFor(namespace, pod.spec.serviceAccountName, {
      boundObjectRef,
      expirationSeconds: tokenSeconds,
    });
    const tokenFile = path.join(run.directory, `${uid}.token`);
    await writeFile(tokenFile, token, { mode: 0o600 });
    return cluster.kubeconfigFor({ tokenFile });
  }

  async function followVolumes(): Promise<void> {
    while (!isOver()) {
      await volumes.refresh().catch(onFault);
      await wait(volumesMs);
    }
  }

  /** Runs the process until it ends. */
  async function runOnce(kubeconfigPath: string): Promise<void> {
    const command = containerCommand(pod, { podIp, folders: volumes.folders, kubeconfigPath });
    const running = await startContainerProcess(run, `${uid}-${String(state.restartCount)}`, container, command);
    current = running;
    latest = running;
    const { startedAt, portOf } = running;
    publish({ container: { kind: 'running', startedAt } });
    const probing = new AbortController();
    const events = {
      onStarted: () => publish({ isStarted: true }),
      onReady: (isReady: boolean) => {
        if (isReady !== state.isReady) publish({ isReady });
      },
      onDead: () => running.kill('SIGTERM'),
    };
    const probes = runProbes(container, portOf, events, probing.signal);
    if (isOver()) running.kill('SIGTERM');
    const exitCode = await running.ended;
    probing.abort();
    await probes;
    current = undefined;
    const finishedAt = new Date();
    publish({ container: { kind: 'ended', exitCode, startedAt, finishedAt }, isReady: false, isStarted: false });
  }

  async function runPod(): Promise<void> {
    while (!(await volumes.refresh()) && !isOver()) await wait(volumesMs);
    if (isOver()) return;
    const kubeconfigPath = await writeToken();
    void followVolumes();
    await runOnce(kubeconfigPath);
    if (!restartsAlways) return;
    while (!isOver()) {
      publish({ container: { kind: 'waiting', reason: 'CrashLoopBackOff' }, restartCount: state.restartCount + 1 });
      await wait(restartMs);
      if (!isOver()) await runOnce(kubeconfigPath);
    }
  }

  const finished = runPod().catch(onFault);
  let isTerminating = false;
  return {
    pod,
    podIp,
    portOf: (port) => current?.portOf(port),
    log: async () => (await latest?.log()) ?? '',
    crash: () => current?.kill('SIGKILL'),
    async terminate(graceSeconds) {
      if (isTerminating) return;
      isTerminating = true;
      ended.abort();
      current?.kill('SIGTERM');
      const hardEnd = setTimeout(() => current?.kill('SIGKILL'), graceSeconds * 1_000);
      await finished;
      clearTimeout(hardEnd);
      await published;
      await cluster.request('DELETE', podPath(pod), { gracePeriodSeconds: 0, preconditions: { uid } });
    },
  };
}
