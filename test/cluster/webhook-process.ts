/** The program under test as the cluster sees it: built, started as a process, with the rights of its own service account. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { createSelfSignedPair } from '../../src/certificates/self-signed.ts';
import type { Cluster } from './cluster.ts';
import { ClusterError } from './errors.ts';
import type { KubernetesObject } from './objects.ts';
import { waitFor } from './wait-for.ts';

const root = path.join(import.meta.dirname, '..', '..');
const startTimeoutMs = 15_000;
/** Longer than the hard end of a drain. */
const stopTimeoutMs = 35_000;

/** A service account of the cluster. */
export type Account = { readonly namespace: string; readonly name: string };

/** How the program is started. */
export type WebhookOptions = {
  /** The account whose token the program uses. */
  readonly account: Account;
  /** Names, besides the webhook host, that the API server may call it by. */
  readonly hosts: readonly string[];
  readonly flags?: readonly string[];
  /** Files to serve with, and the authority of their certificate; without them a pair of its own. */
  readonly pair?: { readonly certPath: string; readonly keyPath: string; readonly authority: string };
  /** Whether the program manages its certificate itself, in place of one that is made here. */
  readonly isSelfManaged?: boolean;
  /** Its HOSTNAME, as a pod has it. */
  readonly hostname?: string;
};

/** A running program. */
export type WebhookProcess = {
  readonly port: number;
  readonly pid: number;
  /** What the API server must trust, as `caBundle` has it. */
  readonly caBundle: string;
  /** Returns what a GET of a health path answers. */
  readonly health: (path: string) => Promise<{ readonly status: number; readonly body: string }>;
  /** Returns the answer to a body that is posted to /mutate. */
  readonly post: (body: unknown) => Promise<{ readonly status: number; readonly body: string }>;
  /** Returns every log line so far. */
  readonly log: () => readonly LogLine[];
  /** Ends it by SIGTERM; throws where it does not end with status 0. */
  readonly stop: () => Promise<void>;
  /** Ends it by SIGKILL, as the end of its machine would; resolves when it is gone. */
  readonly kill: () => Promise<void>;
  /** Stops it for a while (SIGSTOP) and lets it go on (SIGCONT). */
  readonly signal: (signal: 'SIGCONT' | 'SIGSTOP') => void;
};

/** A line of the program's log. */
export type LogLine = { readonly message: string; readonly [field: string]: unknown };

/** Creates the account and the rights of `manifests/rbac.yaml`, under a namespace and role of this run's own. */
export async function createWebhookAccount(cluster: Cluster, namespace: string): Promise<Account> {
  await install(cluster, 'rbac.yaml', namespace);
  return { namespace, name: `irsa-webhook-${namespace}` };
}

/** Creates what a file of `manifests/` has, for the account that createWebhookAccount makes in the same namespace. */
export async function install(cluster: Cluster, file: string, namespace: string): Promise<KubernetesObject[]> {
  const manifest = await readFile(path.join(root, 'manifests', file), 'utf8');
  const documents = manifest.split('---\n').filter((document) => !document.includes('kind: Namespace\n'));
  // The cluster may have an installation of its own; nothing may be renamed but the namespace and what is cluster-wide.
  const yaml = documents.join('---\n').replaceAll('namespace: irsa-webhook', `namespace: ${namespace}`);
  return cluster.createFromYaml(yaml.replaceAll(/(\bname: irsa-webhook)$/gm, `$1-${namespace}`), namespace);
}

/** Starts the program and waits until it listens; it may not be ready yet. */
export async function startWebhook(cluster: Cluster, options: WebhookOptions): Promise<WebhookProcess> {
  const { account, hosts, flags = [], isSelfManaged = false } = options;
  const token = await cluster.tokenFor(account.namespace, account.name);
  const base = path.join(cluster.directory, `webhook-${account.name}-${String(process.hrtime.bigint())}`);
  const pair = options.pair ?? (await writeOwnPair(base, [cluster.webhookHost, ...hosts]));
  await writeFile(`${base}.token`, token, { mode: 0o600 });
  const kubeconfig = await cluster.kubeconfigFor({ tokenFile: `${base}.token` });
  const ownPair = ['--in-cluster=false', `--tls-cert=${pair.certPath}`, `--tls-key=${pair.keyPath}`];
  const args = isSelfManaged ? [] : ownPair;
  const child = spawn(
    process.execPath,
    [
      path.join(root, 'dist', 'irsa-webhook.js'),
      ...args,
      `--kubeconfig=${kubeconfig}`,
      '--port=0',
      '--metrics-port=0',
      '--shutdown-delay=0',
      ...flags,
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...(options.hostname !== undefined && { HOSTNAME: options.hostname }) },
    },
  );
  const stopWithUs = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', stopWithUs);

  const log = collectLog(child);
  const port = await waitFor('the webhook to listen', async () => listeningPort(log(), child), startTimeoutMs);
  const call = (method: string, url: string, body?: unknown) =>
    request({ method, url, port, ca: isSelfManaged ? undefined : pair.authority }, body);
  return {
    port,
    pid: child.pid ?? 0,
    caBundle: Buffer.from(pair.authority).toString('base64'),
    health: async (url) => call('GET', url),
    post: async (body) => call('POST', '/mutate?timeout=5s', body),
    log,
    stop: async () => {
      process.off('exit', stopWithUs);
      await stop(child);
    },
    kill: async () => {
      process.off('exit', stopWithUs);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
    signal: (signal) => {
      child.kill(signal);
    },
  };
}

async function writeOwnPair(base: string, hosts: readonly string[]): Promise<NonNullable<WebhookOptions['pair']>> {
  const { cert, key } = await createSelfSignedPair(hosts);
  await writeFile(`${base}.crt`, cert);
  await writeFile(`${base}.key`, key, { mode: 0o600 });
  return { certPath: `${base}.crt`, keyPath: `${base}.key`, authority: cert };
}

/** Waits until the program says that it is ready. */
export async function waitUntilReady(webhook: WebhookProcess): Promise<void> {
  const probe = async (): Promise<true | undefined> => (await webhook.health('/readyz')).status === 200 || undefined;
  await waitFor('the webhook to be ready', probe, startTimeoutMs);
}

/** Returns the log lines of reviews that match, once there are so many: the program writes its log a little later. */
export async function waitForReviews(
  webhook: WebhookProcess,
  count: number,
  matches: (line: LogLine) => boolean,
): Promise<readonly LogLine[]> {
  const probe = async (): Promise<readonly LogLine[] | undefined> => {
    const lines = webhook.log().filter((line) => line.message === 'review' && matches(line));
    return lines.length >= count ? lines : undefined;
  };
  return waitFor(`${String(count)} log lines of such reviews`, probe, startTimeoutMs);
}

function collectLog(child: ChildProcess): () => LogLine[] {
  let written = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    written += chunk;
  });
  return () => {
    const lines = written.slice(0, written.lastIndexOf('\n') + 1).split('\n');
    return lines.filter((line) => line !== '').map(parseLine);
  };
}

function parseLine(line: string): LogLine {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the program writes every line like that
    return JSON.parse(line) as LogLine;
  } catch {
    return { message: line };
  }
}

async function listeningPort(log: readonly LogLine[], child: ChildProcess): Promise<number | undefined> {
  const line = log.find(({ message }) => message === 'listening');
  if (line === undefined && child.exitCode !== null) {
    throw new ClusterError('ERR_CLUSTER_START', `the webhook ended: ${JSON.stringify(log.at(-1))}`);
  }
  return typeof line?.['port'] === 'number' ? line['port'] : undefined;
}

type Call = { readonly method: string; readonly url: string; readonly port: number; readonly ca: string | undefined };

async function request(call: Call, body: unknown): Promise<{ status: number; body: string }> {
  const { method, url, port, ca } = call;
  const headers = { 'Content-Type': 'application/json' };
  const sent = https.request({
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    path: url,
    method,
    // Who manages its certificate itself is asked before anybody can verify it, as the kubelet does.
    ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
    headers,
    agent: false,
  });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event is documented to carry
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const kill = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const [code, signal] = (await exited) as unknown[];
  clearTimeout(kill);
  if (code !== 0) throw new ClusterError('ERR_CLUSTER_START', `the webhook ended with ${String(code ?? signal)}`);
}
