// Starts the servers of the benchmark: the floor, the webhook as it is built, and the API server's stand-in.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSelfSignedPair } from '../../src/certificates/self-signed.ts';
import { builtProgram } from '../program.ts';
import { call } from '../server/call.ts';
import type { Children } from './children.ts';
import type { Processors } from './machine.ts';

/** A server that runs. */
export type Server = { readonly child: ChildProcess; readonly pid: number; readonly port: number };

/** The webhook. */
export type Webhook = Server & {
  readonly metricsPort: number;
  /** Its log goes to this file, as to that of a container runtime. */
  readonly logPath: string;
  /** From its start to the moment at which it listens. */
  readonly listeningMs: number;
};

/** Starts servers that share one serving pair. */
export type Servers = {
  /** The authority of their certificate. */
  readonly ca: string;
  readonly startFloor: (answers: readonly unknown[]) => Promise<Server>;
  readonly startAccounts: (count: number) => Promise<Server>;
  /** Starts the webhook with the accounts of that server, and with more flags than it needs for that. */
  readonly startWebhook: (accounts: Server, flags?: readonly string[]) => Promise<Webhook>;
};

/** What they need. */
export type ServersOptions = {
  readonly children: Children;
  readonly processors: Processors;
  readonly folder: string;
  /** For the Node that runs the webhook. */
  readonly nodeFlags?: readonly string[];
};

/**
 * Not the second that it is by default: a stand-in that other work keeps from its core for so long would void a run, and
 * what it did to the latencies is to be seen.
 */
const lookupTimeout = '8s';

/** Between two looks at whether a server is there, or ready, yet. */
const pollMs = 2;

/** Makes the serving pair. */
export async function createServers({
  children,
  processors,
  folder,
  nodeFlags = [],
}: ServersOptions): Promise<Servers> {
  const pair = await createSelfSignedPair(['localhost', '127.0.0.1']);
  const [keyPath, certPath, answersPath] = [join(folder, 'key.pem'), join(folder, 'cert.pem'), join(folder, 'answers')];
  await writeFile(keyPath, pair.key, { mode: 0o600 });
  await writeFile(certPath, pair.cert);
  let logs = 0;

  const startScript = async (args: readonly string[], processor: string | undefined): Promise<Server> => {
    const child = children.start(process.execPath, args, { processor, stderr: 'inherit' });
    return { child, pid: pidOf(child), port: await portOf(child) };
  };
  return {
    ca: pair.cert,
    startFloor: async (answers) => {
      await writeFile(answersPath, JSON.stringify(answers));
      return startScript(['test/bench/floor-server.ts', keyPath, certPath, answersPath], processors.server);
    },
    startAccounts: async (count) => startScript(['test/bench/account-server.ts', String(count)], processors.accounts),
    startWebhook: async ({ port }, flags = []) => {
      logs += 1;
      const logPath = join(folder, `log-${logs}`);
      const tls = [`--tls-key=${keyPath}`, `--tls-cert=${certPath}`, '--port=0', '--metrics-port=0'];
      const source = [`--kube-api=http://127.0.0.1:${port}`, '--in-cluster=false', `--lookup-timeout=${lookupTimeout}`];
      const args = [...nodeFlags, builtProgram, 'serve', ...source, ...tls, ...flags];
      const log = openSync(logPath, 'a');
      const startMs = performance.now();
      const child = children.start(process.execPath, args, { processor: processors.server, stderr: log });
      closeSync(log);
      const ports = await portsOf(child, logPath);
      return { child, pid: pidOf(child), logPath, ...ports, listeningMs: performance.now() - startMs };
    },
  };
}

/** Resolves when a webhook is ready. */
export async function untilReady({ metricsPort }: Webhook): Promise<void> {
  while ((await call({ port: metricsPort }, '/readyz')).status !== 200) await sleep(pollMs);
}

function pidOf({ pid, spawnfile }: ChildProcess): number {
  if (pid === undefined) throw new Error(`expected ${spawnfile} to start`);
  return pid;
}

/** The servers that are scripts say their port first. */
async function portOf(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('expected the output of the server, got none');
  const ended = once(child, 'exit').then(() => {
    throw new Error('expected a port, got the end of the server');
  });
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])) as unknown[];
  return Number(line);
}

async function portsOf(child: ChildProcess, logPath: string): Promise<Pick<Webhook, 'port' | 'metricsPort'>> {
  for (;;) {
    const log = readFileSync(logPath, 'utf8');
    const [, port, metricsPort] = /"port":(\d+),"metricsPort":(\d+),"message":"listening"/.exec(log) ?? [];
    if (port !== undefined) return { port: Number(port), metricsPort: Number(metricsPort) };
    if (child.exitCode !== null) throw new Error(`expected the webhook to listen, got its end: ${log}`);
    await sleep(pollMs);
  }
}
