/** Pure: the status of a pod, as the kubelet tells it to the API server. */
import type { ContainerSpec } from './pod-spec.ts';

/** How the one container of a pod is. */
export type ContainerState =
  | { readonly kind: 'ended'; readonly exitCode: number; readonly startedAt: Date; readonly finishedAt: Date }
  | { readonly kind: 'running'; readonly startedAt: Date }
  | { readonly kind: 'waiting'; readonly reason: 'ContainerCreating' | 'CrashLoopBackOff' };

/** What is known of a pod. */
export type PodState = {
  readonly container: ContainerState;
  readonly isStarted: boolean;
  readonly isReady: boolean;
  readonly restartCount: number;
  readonly podIp: string;
};

/** Returns the status; `isLast` where the container is not started again. */
export function podStatus({ name, image }: ContainerSpec, state: PodState, isLast: boolean): object {
  const { container, isReady, isStarted, restartCount, podIp } = state;
  const phase = phaseOf(container, isLast);
  const time = new Date().toISOString();
  const condition = (type: string, isTrue: boolean): object => ({
    type,
    status: isTrue ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: time,
  });
  return {
    phase,
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    startTime: time,
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('ContainersReady', isReady),
      condition('Ready', isReady),
    ],
    containerStatuses: [
      { name, image, imageID: '', restartCount, ready: isReady, started: isStarted, state: stateOf(container) },
    ],
  };
}

function phaseOf(container: ContainerState, isLast: boolean): string {
  if (container.kind === 'ended' && isLast) return container.exitCode === 0 ? 'Succeeded' : 'Failed';
  return container.kind === 'waiting' && container.reason === 'ContainerCreating' ? 'Pending' : 'Running';
}

/** Fields of other states are null: what is sent is a merge patch. */
function stateOf(container: ContainerState): object {
  const none = { waiting: null, running: null, terminated: null };
  if (container.kind === 'waiting') return { ...none, waiting: { reason: container.reason } };
  if (container.kind === 'running') return { ...none, running: { startedAt: container.startedAt.toISOString() } };
  const { exitCode, startedAt, finishedAt } = container;
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  const times = { startedAt: startedAt.toISOString(), finishedAt: finishedAt.toISOString() };
  return { ...none, terminated: { exitCode, reason, ...times } };
}
