/** The program as the container of a pod: started through a guard, which ends it also where the tests crash. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { builtProgram } from '../../program.ts';
import type { GuardedRun } from '../guarded-run.ts';
import type { ContainerCommand } from './container-command.ts';
import type { ContainerSpec } from './pod-spec.ts';

const pollMs = 100;

/** A process that has been started. */
export type ContainerProcess = {
  readonly startedAt: Date;
  /** The port of this machine that a port of the container is, by number or name, once the program listens. */
  readonly portOf: (port: number | string) => number | undefined;
  readonly log: () => Promise<string>;
  /** Returns its exit status once it has ended; as a shell has it where a signal ended it. */
  readonly ended: Promise<number>;
  readonly kill: (signal: 'SIGKILL' | 'SIGTERM') => void;
};

/** Starts the built program under a name that is its own in the run. */
export async function startContainerProcess(
  run: GuardedRun,
  name: string,
  container: ContainerSpec,
  command: ContainerCommand,
): Promise<ContainerProcess> {
  if (!existsSync(builtProgram)) throw new Error(`Expected ${builtProgram}: run npm run build`);
  const logPath = path.join(run.directory, `${name}.log`);
  const log = async (): Promise<string> => readFile(logPath, 'utf8');
  const startedAt = new Date();
  const pid = await run.start({
    name,
    command: process.execPath,
    arguments: [builtProgram, ...command.arguments],
    environment: { PATH: process.env['PATH'] ?? '', ...command.environment },
    logPath,
  });
  const ports = new Map<string, number>();
  const ended = waitForEnd(run, name, async () => {
    if (ports.size === 0) readPorts(await log(), container, ports);
  });
  return {
    startedAt,
    portOf: (port) => ports.get(String(port)),
    log,
    ended,
    kill: (signal) => {
      if (run.pids.has(name)) process.kill(pid, signal);
    },
  };
}

async function waitForEnd(run: GuardedRun, name: string, whileRunning: () => Promise<void>): Promise<number> {
  for (;;) {
    const end = run.endOf(name);
    if (end !== undefined) return statusOf(end);
    await whileRunning();
    await sleep(pollMs);
  }
}

/** The program is told to take free ports, in the order of the container's, and says which. */
function readPorts(log: string, { ports = [] }: ContainerSpec, found: Map<string, number>): void {
  const listening = /"port":(\d+),"metricsPort":(\d+),"message":"listening"/.exec(log);
  if (listening === null) return;
  for (const [index, { name, containerPort }] of ports.entries()) {
    const port = Number(listening[index + 1]);
    found.set(String(containerPort), port);
    if (name !== undefined) found.set(name, port);
  }
}

function statusOf(end: string): number {
  const status = /^exit code (\d+)$/.exec(end)?.[1];
  if (status !== undefined) return Number(status);
  return end === 'SIGTERM' ? 143 : 137;
}
