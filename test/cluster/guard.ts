/**
 * The guard process: owns the folder and the processes of one test run, and takes both away when the test process ends.
 *
 * It lives in a session of its own, so that neither Ctrl-C nor a SIGKILL of the test process reaches it; the end of the
 * channel to its parent, which the kernel closes however the parent dies, is what it acts on.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A process to run in the guard's folder. */
export type Component = {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly logPath: string;
  /** All its variables; without it those of the guard. */
  readonly environment?: Readonly<Record<string, string>>;
};

export type GuardRequest =
  | { readonly type: 'start'; readonly component: Component }
  | { readonly type: 'stop'; readonly name: string }
  /** From now on the end of the run removes what carries this run's label in that cluster. */
  | { readonly type: 'remove-leftovers'; readonly kubeconfigPath: string; readonly run: string }
  | { readonly type: 'end' };

export type GuardReport =
  | { readonly type: 'ready'; readonly directory: string }
  | { readonly type: 'started'; readonly name: string; readonly pid: number }
  | { readonly type: 'exited'; readonly name: string; readonly end: string }
  | { readonly type: 'failed'; readonly message: string };

/** kube-apiserver takes 1 to 3 s, unless it waits for open watches; nothing of a test run is worth waiting longer for. */
const stopTimeoutMs = 3_000;

const directory = await mkdtemp(path.join(tmpdir(), 'irsa-webhook-test-'));
const running = new Map<string, ChildProcess>();
/** Names in the order of their first start, which a restart does not change. */
const startOrder = new Set<string>();
let leftovers: { kubeconfigPath: string; run: string } | undefined;
let ending = false;

function report(message: GuardReport): void {
  if (process.connected) process.send?.(message);
}

function start({ name, command, arguments: args, logPath, environment }: Component): void {
  const log = openSync(logPath, 'a');
  const child = spawn(command, args, { cwd: directory, stdio: ['ignore', log, log], env: environment });
  closeSync(log);
  running.set(name, child);
  startOrder.add(name);
  const onEnd = (how: string): void => {
    running.delete(name);
    report({ type: 'exited', name, end: how });
  };
  child.once('error', (error) => onEnd(error.message));
  child.once('exit', (exitCode, signal) => onEnd(signal ?? `exit code ${exitCode}`));
  if (child.pid !== undefined) report({ type: 'started', name, pid: child.pid });
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  child.kill('SIGTERM');
  await exited;
  clearTimeout(timer);
}

/** Stops what was started last first, so that nobody outlives the one it talks to. */
async function cleanUp(): Promise<void> {
  try {
    if (leftovers !== undefined) {
      // Loaded here only: it brings a client that a guard of an own control plane never needs.
      const { removeLeftovers } = await import('./leftovers.ts');
      await removeLeftovers(leftovers.kubeconfigPath, leftovers.run);
    }
  } finally {
    for (const name of [...startOrder].toReversed()) await stop(running.get(name));
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  try {
    await cleanUp();
  } catch (error) {
    process.exitCode = 1;
    const message = error instanceof Error ? error.message : String(error);
    if (process.connected) report({ type: 'failed', message });
    else process.stderr.write(`The guard of the test cluster could not clean up: ${message}\n`);
  }
  // Without the channel and the processes nothing is left to wait for, but messages under way still go out.
  if (process.connected) process.disconnect?.();
}

function handle(request: GuardRequest): void {
  switch (request.type) {
    case 'start':
      if (!ending) start(request.component);
      return;
    case 'stop':
      void stop(running.get(request.name));
      return;
    case 'remove-leftovers':
      leftovers = request;
      return;
    case 'end':
      void end();
  }
}

// The terminal or pipe may be gone together with the test process.
process.stderr.on('error', () => undefined);
for (const event of ['disconnect', 'SIGHUP', 'SIGINT', 'SIGTERM']) process.on(event, () => void end());
process.on('message', handle);
report({ type: 'ready', directory });
// A parent that died before the listeners were there has sent its last event already.
if (!process.connected) void end();
