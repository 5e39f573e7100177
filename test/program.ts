// Runs the built program as a child process and reads what it writes.
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { eventually } from './kubernetes/eventually.ts';
import type { Scope } from './kubernetes/scope.ts';

/** What `npm run build` makes; `npm test` runs it first. */
export const builtProgram = fileURLToPath(new URL('../dist/irsa-webhook.js', import.meta.url));

export const projectFolder = fileURLToPath(new URL('..', import.meta.url));

/** Arguments by which it serves the accounts of the examples, as on a laptop. */
export const laptop = ['serve', '--self-signed', '--service-accounts', 'manifests/examples'];

/** Arguments by which it takes any free ports, and ends at once when it is told to. */
export const freePorts = ['--port', '0', '--metrics-port', '0', '--shutdown-delay', '0'];

export type Program = {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly output: () => string;
  readonly errors: () => string;
  /** Exit status and signal once it has ended. */
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
};

/** Starts the program, outside any cluster; the scope ends it. */
export function startProgram(
  scope: Pick<Scope, 'onEnd'>,
  args: readonly string[],
  options: {
    readonly file?: string;
    readonly stdin?: string;
    readonly environment?: Readonly<Record<string, string>>;
    /** What starts it, such as `taskset`, and what that is told before. */
    readonly launcher?: readonly string[];
    /** For the Node that runs it. */
    readonly nodeFlags?: readonly string[];
  } = {},
): Program {
  const file = options.file ?? builtProgram;
  assert.ok(existsSync(file), `expected ${file}: run npm run build`);
  const node = [process.execPath, ...(options.nodeFlags ?? []), file, ...args];
  const [command = process.execPath, ...rest] = [...(options.launcher ?? []), ...node];
  const child = spawn(command, rest, {
    cwd: projectFolder,
    env: { PATH: process.env['PATH'], ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      texts[stream] += chunk;
    });
  }
  const ended = once(child, 'close').then(() => [child.exitCode, child.signalCode] as const);
  scope.onEnd(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  child.stdin.on('error', () => undefined).end(options.stdin ?? '');
  return { child, output: () => texts.stdout, errors: () => texts.stderr, ended };
}

/** Waits until a server listens and returns its ports, as its log tells them. */
export async function portsOf(program: Program): Promise<{ readonly port: number; readonly metricsPort: number }> {
  const find = () => /"port":(\d+),"metricsPort":(\d+),"message":"listening"/.exec(program.errors());
  await eventually('the program to listen', () => find() !== null || program.child.exitCode !== null);
  const [, port, metricsPort] = find() ?? assert.fail(program.errors());
  return { port: Number(port), metricsPort: Number(metricsPort) };
}
