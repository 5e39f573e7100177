// Measures the built program with many service accounts: the time to its first right answer, and its memory.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSelfSignedPair } from '../../src/certificates/self-signed.ts';
import { createReview } from '../admission/reviews.ts';
import { builtProgram, projectFolder } from '../program.ts';
import { call, callMutate } from '../server/call.ts';

const count = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 5);
/** Between two looks at whether it is there yet. */
const pollMs = 5;

type Figures = {
  readonly listening: number;
  readonly answer: number;
  readonly ready: number;
  readonly residentMegabytes: number;
  readonly peakMegabytes: number;
};

const folder = await mkdtemp(join(tmpdir(), 'irsa-webhook-bench-'));
const pair = await createSelfSignedPair(['localhost', '127.0.0.1']);
await Promise.all([
  writeFile(join(folder, 'cert.pem'), pair.cert),
  writeFile(join(folder, 'key.pem'), pair.key, { mode: 0o600 }),
]);
const server = spawn(process.execPath, ['test/bench/account-server.ts', String(count)], {
  cwd: projectFolder,
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const apiPort = await new Promise<number>((resolve) => {
    server.stdout.once('data', (line: Buffer) => {
      resolve(Number(String(line)));
    });
  });
  const figures: Figures[] = [];
  for (let round = 0; round < rounds; round += 1) figures.push(await measure(apiPort));
  print(figures);
} finally {
  server.kill('SIGKILL');
  await rm(folder, { recursive: true });
}

async function measure(apiPort: number): Promise<Figures> {
  const startMs = performance.now();
  const sinceStart = (): number => (performance.now() - startMs) / 1000;
  const flags = [
    `--kube-api=http://127.0.0.1:${String(apiPort)}`,
    '--in-cluster=false',
    `--tls-cert=${join(folder, 'cert.pem')}`,
    `--tls-key=${join(folder, 'key.pem')}`,
    '--port=0',
    '--metrics-port=0',
  ];
  const child = spawn(process.execPath, [builtProgram, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const { port, metricsPort } = await portsOf(child);
    const listening = sinceStart();
    await answered(port);
    const answer = sinceStart();
    while ((await call({ port: metricsPort }, '/readyz')).status !== 200) await pause();
    const ready = sinceStart();
    await answered(port);
    return { listening, answer, ready, ...(await memoryOf(child)) };
  } finally {
    child.kill('SIGKILL');
  }
}

async function portsOf(child: ChildProcess): Promise<{ readonly port: number; readonly metricsPort: number }> {
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    log += String(chunk);
  });
  for (;;) {
    const [, port, metricsPort] = /"port":(\d+),"metricsPort":(\d+),"message":"listening"/.exec(log) ?? [];
    if (port !== undefined) return { port: Number(port), metricsPort: Number(metricsPort) };
    if (child.exitCode !== null) throw new Error(`the program ended: ${log}`);
    await pause();
  }
}

/** Fails where the answer is not the role of the account, which is the last one of the list. */
async function answered(port: number): Promise<void> {
  const index = count - 10;
  const serviceAccountName = `workload-${String(index)}`;
  const object = { metadata: { name: 'pod' }, spec: { serviceAccountName, containers: [{ name: 'app' }] } };
  const review = createReview({ namespace: `team-${String(index % 1_000)}`, object });
  const { status, body } = await callMutate({ port, ca: pair.cert }, review);
  if (status !== 200 || !body.includes('"outcome":"injected"')) throw new Error(`${String(status)}: ${body}`);
}

/** proc(5), /proc/pid/status: what the process has in memory, and had at most. */
async function memoryOf(child: ChildProcess): Promise<Pick<Figures, 'residentMegabytes' | 'peakMegabytes'>> {
  const status = await readFile(`/proc/${String(child.pid)}/status`, 'utf8');
  const megabytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  return { residentMegabytes: megabytes('VmRSS'), peakMegabytes: megabytes('VmHWM') };
}

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, pollMs));
}

function print(figures: readonly Figures[]): void {
  process.stdout.write(`${String(count)} accounts, every tenth with a role, ${String(rounds)} starts\n`);
  for (const name of ['listening', 'answer', 'ready', 'residentMegabytes', 'peakMegabytes'] as const) {
    const values = figures.map((figure) => figure[name]).toSorted((left, right) => left - right);
    const middle = values[Math.floor(values.length / 2)] ?? Number.NaN;
    const unit = name.endsWith('Megabytes') ? 'MB' : 's';
    const range = `${(values[0] ?? 0).toFixed(2)} to ${(values.at(-1) ?? 0).toFixed(2)}`;
    process.stdout.write(`${name.padEnd(18)} ${middle.toFixed(2)} ${unit} (${range})\n`);
  }
}
