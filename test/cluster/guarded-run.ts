/** The test process's side of the guard: starts it, hands it processes, and ends it. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { ClusterError } from './errors.ts';
import type { Component, GuardReport, GuardRequest } from './guard.ts';
import { waitFor } from './wait-for.ts';

const guardReadyTimeoutMs = 20_000;
const componentTimeoutMs = 20_000;
/** Removing namespaces from a cluster with a busy controller takes the longest; see leftovers.ts. */
const endTimeoutMs = 150_000;

/** A folder and processes that vanish with the test process, however it ends. */
export type GuardedRun = {
  /** The run's temporary folder. */
  readonly directory: string;
  /** The pid of the guard itself. */
  readonly guardPid: number;
  /** The pids of the running components by name. */
  readonly pids: ReadonlyMap<string, number>;
  /** Starts a component and returns its pid; throws ClusterError ERR_CLUSTER_START where it cannot be started. */
  start(component: Component): Promise<number>;
  /** Tells how a component ended (`exit code 1`, `SIGKILL`), undefined while it runs. */
  endOf(name: string): string | undefined;
  /** Stops one component and returns when it is gone. */
  stop(name: string): Promise<void>;
  /** Has what carries this run's label removed from that cluster at the end of the run. */
  removeLeftoversAtEnd(kubeconfigPath: string, run: string): void;
  /** Stops and removes everything; throws ClusterError ERR_CLUSTER_STOP with what could not be removed. */
  end(): Promise<void>;
};

/** Starts the guard and returns its side for the test process. Nothing here keeps the test process from ending. */
export async function startGuardedRun(): Promise<GuardedRun> {
  const guard = fork(path.join(import.meta.dirname, 'guard.ts'), {
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const pids = new Map<string, number>();
  const ends = new Map<string, string>();
  let directory: string | undefined;
  let failure: string | undefined;
  guard.on('message', (report: GuardReport) => {
    if (report.type === 'ready') directory = report.directory;
    if (report.type === 'failed') failure = report.message;
    if (report.type === 'started') pids.set(report.name, report.pid);
    if (report.type === 'exited') {
      pids.delete(report.name);
      ends.set(report.name, report.end);
    }
  });
  const send = (request: GuardRequest): void => {
    if (guard.connected) guard.send(request);
  };
  const readyDirectory = await waitFor('the guard of the test cluster to start', () => directory, guardReadyTimeoutMs);
  guard.unref();
  guard.channel?.unref();

  return {
    directory: readyDirectory,
    guardPid: pidOf(guard),
    pids,
    async start(component) {
      ends.delete(component.name);
      send({ type: 'start', component });
      const known = (): number | string | undefined => pids.get(component.name) ?? ends.get(component.name);
      const started = await waitFor(`${component.name} to start`, known, componentTimeoutMs);
      if (typeof started === 'number') return started;
      throw new ClusterError('ERR_CLUSTER_START', `Expected ${component.command} to start, got: ${started}`);
    },
    endOf: (name) => ends.get(name),
    async stop(name) {
      send({ type: 'stop', name });
      await waitFor(`${name} to stop`, () => !pids.has(name) || undefined, componentTimeoutMs);
    },
    removeLeftoversAtEnd: (kubeconfigPath, run) => send({ type: 'remove-leftovers', kubeconfigPath, run }),
    async end() {
      guard.ref();
      const exited = hasExited(guard) ? undefined : once(guard, 'exit', { signal: AbortSignal.timeout(endTimeoutMs) });
      send({ type: 'end' });
      await exited;
      if (guard.exitCode === 0) return;
      const what = failure ?? `the guard ended with ${guard.signalCode ?? guard.exitCode}`;
      const left = [...pids].map(([name, pid]) => `${name} (pid ${pid})`).join(', ');
      throw new ClusterError(
        'ERR_CLUSTER_STOP',
        `Expected everything to be removed, got: ${what}${left === '' ? '' : `; it may have left ${left} and ${readyDirectory}`}`,
      );
    },
  };
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined)
    throw new ClusterError('ERR_CLUSTER_START', 'Expected the guard to have a pid, got none.');
  return child.pid;
}
