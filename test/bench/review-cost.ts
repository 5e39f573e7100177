// Measures what a review costs beside a bare HTTPS server that parses the same body and sends the same answer.
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSelfSignedPair } from '../../src/certificates/self-signed.ts';
import { callMutate } from '../server/call.ts';
import { builtProgram, projectFolder } from '../program.ts';
import { sendLoad } from './load.ts';
import { benchReview } from './review.ts';

const rounds = Number(process.argv[2] ?? 7);
const requests = Number(process.argv[3] ?? 8000);
const connections = 8;
/** Where each server runs; the load has the other processor. */
const serverProcessor = '0';

type Server = { readonly child: ChildProcess; readonly port: number; readonly path: string };
type Figures = { readonly cpuMicroseconds: number; readonly requestsPerSecond: number };

const folder = await mkdtemp(join(tmpdir(), 'irsa-webhook-bench-'));
const children: ChildProcess[] = [];
try {
  const pair = await createSelfSignedPair(['localhost', '127.0.0.1']);
  const keyPath = await write('key.pem', pair.key);
  const certPath = await write('cert.pem', pair.cert);
  const body = Buffer.from(JSON.stringify(benchReview()));

  const ours = await startOurs(keyPath, certPath);
  const answerPath = await write(
    'answer.json',
    (await callMutate({ port: ours.port, ca: pair.cert }, benchReview())).body,
  );
  const bare = await startBare(keyPath, certPath, answerPath);
  process.stderr.write(`review of ${String(body.length)} bytes, ${String(rounds)} rounds of ${String(requests)}\n`);

  const figures = new Map<Server, Figures[]>([
    [bare, []],
    [ours, []],
  ]);
  for (const server of [bare, ours]) await measure(server, body);
  for (let round = 0; round < rounds; round += 1) {
    for (const [server, list] of figures) list.push(await measure(server, body));
    process.stderr.write('.');
  }
  process.stderr.write('\n');
  print(figures.get(bare) ?? [], figures.get(ours) ?? []);
} finally {
  for (const child of children) child.kill('SIGTERM');
  await rm(folder, { recursive: true });
}

async function write(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

function start(args: readonly string[], stderr: 'pipe' | number): ChildProcess {
  const child = spawn('taskset', ['-c', serverProcessor, process.execPath, ...args], {
    cwd: projectFolder,
    stdio: ['ignore', 'pipe', stderr],
  });
  children.push(child);
  return child;
}

async function startBare(keyPath: string, certPath: string, answerPath: string): Promise<Server> {
  const child = start(['test/bench/bare-server.ts', keyPath, certPath, answerPath], 'pipe');
  const port = await new Promise<number>((resolve) => {
    child.stdout?.once('data', (line: Buffer) => {
      resolve(Number(String(line)));
    });
  });
  return { child, port, path: '/' };
}

/** The program as it is built, with its log going to a file as a container runtime's would. */
async function startOurs(keyPath: string, certPath: string): Promise<Server> {
  const logPath = join(folder, 'log');
  const flags = [
    '--port=0',
    '--metrics-port=0',
    `--tls-key=${keyPath}`,
    `--tls-cert=${certPath}`,
    '--in-cluster=false',
  ];
  const accounts = '--service-accounts=test/bench/accounts.yaml';
  const child = start([builtProgram, 'serve', accounts, ...flags], openSync(logPath, 'a'));
  for (;;) {
    const port = /"port":(\d+),"metricsPort":\d+,"message":"listening"/.exec(await readFile(logPath, 'utf8'))?.[1];
    if (port !== undefined) return { child, port: Number(port), path: '/mutate?timeout=10s' };
    if (child.exitCode !== null) throw new Error(`the program ended: ${await readFile(logPath, 'utf8')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function measure(server: Server, body: Buffer): Promise<Figures> {
  const before = await cpuSeconds(server.child);
  const { seconds } = await sendLoad({ port: server.port, path: server.path, body, connections, requests });
  const cpu = (await cpuSeconds(server.child)) - before;
  return { cpuMicroseconds: (cpu / requests) * 1e6, requestsPerSecond: requests / seconds };
}

/** User and system time of the process, all threads (proc(5), /proc/pid/stat fields 14 and 15, in ticks of 10 ms). */
async function cpuSeconds(child: ChildProcess): Promise<number> {
  const stat = await readFile(`/proc/${String(child.pid)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function print(bare: readonly Figures[], ours: readonly Figures[]): void {
  const cpu = (list: readonly Figures[]): number => median(list.map(({ cpuMicroseconds }) => cpuMicroseconds));
  const rate = (list: readonly Figures[]): number => median(list.map(({ requestsPerSecond }) => requestsPerSecond));
  const cpuRatio = median(ours.map((figure, round) => figure.cpuMicroseconds / (bare[round]?.cpuMicroseconds ?? 0)));
  const rateRatio = median(
    ours.map((figure, round) => figure.requestsPerSecond / (bare[round]?.requestsPerSecond ?? 0)),
  );
  process.stdout.write(row('', 'CPU a review', 'reviews/s'));
  process.stdout.write(row('bare', `${cpu(bare).toFixed(1)} us`, rate(bare).toFixed(0)));
  process.stdout.write(row('irsa-webhook', `${cpu(ours).toFixed(1)} us`, rate(ours).toFixed(0)));
  process.stdout.write(row('ratio', cpuRatio.toFixed(2), rateRatio.toFixed(2)));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

function row(name: string, ...cells: readonly string[]): string {
  return `${name.padEnd(14)}${cells.map((cell) => cell.padStart(16)).join('')}\n`;
}
