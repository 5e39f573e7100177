// Good reviews while another process floods the port: the suite, in a short and in a long form.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryOf } from '../bench/process-cost.ts';
import { type Scope, useScope } from '../kubernetes/scope.ts';
import { portsOf, type Program, startProgram } from '../program.ts';
import { call } from '../server/call.ts';
import { describeReviews, type GoodReviews, sendGoodReviews } from './good-reviews.ts';
import { startFlood } from './start-flood.ts';
import { medianP99 } from './tail-times.ts';

/** How long the flood goes, the part of its size, and whether times are held to. */
export type HostileClients = { readonly seconds: number; readonly scale: number; readonly holdsTimes: boolean };

/** `docs/security.md` has the sum of what the limits allow. */
const mostResidentMebibytes = 512;
const maxConnections = 2_000;
/** So much more may be in use after a flood: code that was compiled on the way, buffers that are kept for the next one. */
const keptBytes = 8 * 1024 * 1024;
/** Some callers take their time to go. */
const calmTries = 10;
/** Loaded before the program: what is garbage is to be told from what is kept, and a full collection may be a minute away. */
const collector = `
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
// With an argument it would be a small collection.
process.on('SIGUSR2', () => collect());
`;

/** The program and what it holds. */
type Target = {
  readonly program: Program;
  readonly port: number;
  /** Bytes of the heap and of buffers outside it that are in use after a full collection. */
  readonly usedBytes: () => Promise<number>;
  readonly connections: () => Promise<number>;
};

/** What a flood did. */
type Flooded = {
  readonly good: GoodReviews;
  readonly mostMebibytes: number;
  readonly mostConnections: number;
  /** Shares of the time that the program ran, and that it could have run but had no processor: the flood's, or others'. */
  readonly ran: number;
  readonly waited: number;
};

/** Describes the suite. */
export function describeHostileClients({ seconds, scale, holdsTimes }: HostileClients): void {
  describe(`hostile clients for ${String(seconds)} s`, function () {
    this.timeout(180_000 + seconds * 4_000);
    const scope = useScope();

    it('good reviews are answered, memory is bounded and given back', async () => {
      const target = await start(scope);
      const { program, port } = target;
      // The first ones are slower: nothing is compiled yet.
      await sendGoodReviews(port, 3_000);
      const quietMs = Math.min(seconds, 20) * 1_000;
      const quiet = await sendGoodReviews(port, quietMs);
      const usedBefore = await target.usedBytes();
      print(
        describeReviews('quiet', quiet),
        `resident ${memoryOf(program.child.pid ?? 0).residentMegabytes.toFixed(0)} MiB`,
      );

      const first = await flood(scope, target, { seconds, scale });
      print(describeReviews('flooded', first.good), describeCost(first));
      assert.deepEqual(first.good.failures, []);
      assert.equal(program.child.exitCode, null);
      assert.ok(!program.errors().includes('internal fault'), 'no fault');
      assert.ok(first.mostConnections <= maxConnections, `${String(first.mostConnections)} connections`);
      assert.ok(first.mostConnections > maxConnections / 2, `${String(first.mostConnections)} connections: no flood`);
      assert.ok(first.mostMebibytes < mostResidentMebibytes, `${first.mostMebibytes.toFixed(0)} MiB`);

      const usedAfter = await usedWhenCalm(target, usedBefore + keptBytes);
      print(`in use: ${mebibytes(usedBefore)} before, ${mebibytes(usedAfter)} after`);
      assert.ok(usedAfter < usedBefore + keptBytes, `${mebibytes(usedAfter)} of ${mebibytes(usedBefore)}`);

      const quietAgain = await sendGoodReviews(port, quietMs);
      print(describeReviews('quiet again', quietAgain));
      // What the allocator kept is used again: another flood takes no more.
      const second = await flood(scope, target, { seconds: seconds / 2, scale });
      print(describeReviews('flooded again', second.good), describeCost(second));
      assert.deepEqual(second.good.failures, []);
      assert.ok(
        second.mostMebibytes < first.mostMebibytes * 1.25,
        `${second.mostMebibytes.toFixed(0)} MiB: more each time`,
      );
      if (!holdsTimes) return;
      // A machine that is slower by and by slows both.
      const quietP99 = medianP99([...quiet.kept, ...quietAgain.kept]);
      const floodedP99 = medianP99([...first.good.kept, ...second.good.kept]);
      const times = `p99 ${floodedP99.toFixed(1)} ms, quiet ${quietP99.toFixed(1)} ms, medians of parts`;
      print(times);
      assert.ok(floodedP99 <= 3 * quietP99, times);
    });
  });
}

async function start(scope: Scope): Promise<Target> {
  const accounts = ['--self-signed', '--service-accounts', 'manifests/examples'];
  const file = join(await scope.folder(), 'collector.mjs');
  await writeFile(file, collector);
  const ports = ['--port=0', '--metrics-port=0', `--max-connections=${String(maxConnections)}`];
  const program = startProgram(scope, ['serve', ...accounts, ...ports], {
    environment: { NODE_OPTIONS: `--import=${file}` },
  });
  const { port, metricsPort } = await portsOf(program);
  const metricOf = async (name: string): Promise<number> => {
    const { body } = await call({ port: metricsPort }, '/metrics');
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1] ?? Number.NaN);
  };
  return {
    program,
    port,
    usedBytes: async () => {
      program.child.kill('SIGUSR2');
      return (await metricOf('nodejs_heap_size_used_bytes')) + (await metricOf('nodejs_external_memory_bytes'));
    },
    connections: async () => metricOf('irsa_webhook_connections\\{port="webhook"\\}'),
  };
}

async function flood(
  scope: Scope,
  target: Target,
  { seconds, scale }: { readonly seconds: number; readonly scale: number },
): Promise<Flooded> {
  const flooding = startFlood({ port: target.port, seconds, scale });
  scope.onEnd(flooding.stop);
  let mostMebibytes = 0;
  let mostConnections = 0;
  const look = (): void => {
    mostMebibytes = Math.max(mostMebibytes, memoryOf(target.program.child.pid ?? 0).residentMegabytes);
  };
  // A scrape costs the program 3 ms; nobody scrapes twice a second.
  const scrape = async (): Promise<void> => {
    mostConnections = Math.max(mostConnections, await target.connections());
  };
  const looks = [setInterval(look, 500), setInterval(() => void scrape(), 2_500)];
  scope.onEnd(() => {
    for (const timer of looks) clearInterval(timer);
  });
  const before = await processorTime(target.program.child);
  const startMs = performance.now();
  const good = await sendGoodReviews(target.port, seconds * 1_000);
  const after = await processorTime(target.program.child);
  const tookMs = performance.now() - startMs;
  const opened = await flooding.opened();
  for (const timer of looks) clearInterval(timer);
  print(`opened: ${opened}`);
  const ran = (after.ranMs - before.ranMs) / tookMs;
  const waited = (after.waitedMs - before.waitedMs) / tookMs;
  return { good, mostMebibytes, mostConnections, ran, waited };
}

async function usedWhenCalm(target: Target, enoughBytes: number): Promise<number> {
  let usedBytes = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < calmTries && usedBytes > enoughBytes; tries += 1) {
    await sendGoodReviews(target.port, 2_000);
    usedBytes = Math.min(usedBytes, await target.usedBytes());
  }
  return usedBytes;
}

/** Of its main thread, which all reviews are decided on (Linux, Documentation/scheduler/sched-stats). */
async function processorTime({ pid }: ChildProcess): Promise<{ readonly ranMs: number; readonly waitedMs: number }> {
  const [ranNs = '', waitedNs = ''] = (await readFile(`/proc/${String(pid)}/schedstat`, 'utf8')).split(' ');
  return { ranMs: Number(ranNs) / 1e6, waitedMs: Number(waitedNs) / 1e6 };
}

function describeCost({ mostMebibytes, mostConnections, ran, waited }: Flooded): string {
  return (
    `resident ${mostMebibytes.toFixed(0)} MiB at most, ${String(mostConnections)} connections at most; ` +
    `it ran for ${percent(ran)} of the time, and waited for a processor for ${percent(waited)}`
  );
}

function print(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`      ${line}\n`);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
}
