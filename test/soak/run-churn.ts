// Runs a churn of account events and looks at the memory it leaves: npm run soak:churn -- SEED COUNT
import assert from 'node:assert/strict';
import type { Scope } from '../kubernetes/scope.ts';
import { type ChurnPoint, runChurn } from './churn.ts';

const [seedText = '20261124', countText = '1000000'] = process.argv.slice(2);
const points = 20;
/** The heap is looked at from this point on, a tenth of the run: code is compiled and the event window full by then. */
const firstPoint = 2;
/**
 * The fake server keeps between 5,000 and 10,000 lines and one snapshot, so that two looks at one steady state differ by
 * up to 5 MB (seen: 17.2 to 22.3). What is kept of each of 900,000 events, be it one small object, is 14 MB and more.
 */
const toleratedGrowthBytes = 6 * 1024 * 1024;

const seed = Number(seedText);
const count = Number(countText);
assert.ok(Number.isInteger(count) && count >= 100_000 && Number.isInteger(seed), 'expected SEED COUNT, from 100000 on');
const { gc } = globalThis;
assert.ok(gc, 'expected node --expose-gc');

const stops: (() => unknown)[] = [];
const scope: Pick<Scope, 'onEnd'> = { onEnd: (stop) => stops.push(stop) };
const startMs = performance.now();
const heaps: number[] = [];

function look(point: ChurnPoint): void {
  gc?.();
  gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  heaps.push(heapUsed);
  const seconds = Math.round((performance.now() - startMs) / 1000);
  const memory = `heap ${megabytes(heapUsed)} MB, resident ${megabytes(rss)} MB`;
  const seen = `${String(point.watched)} by a watch, ${String(point.faults)} faults, relists ${JSON.stringify(point.relists)}`;
  const state = `${String(point.accounts)} accounts, ${String(point.withRole)} with a role, all as in the model`;
  process.stdout.write(`${String(point.events)} events (${seen}) in ${String(seconds)} s: ${state}; ${memory}\n`);
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(2);
}

try {
  const end = await runChurn(
    { ...scope, folder: () => assert.fail('no folder') },
    { seed, count, points, onPoint: look },
  );
  const [first = 0, last = 0] = [heaps[firstPoint - 1], heaps.at(-1)];
  process.stdout.write(
    `seed ${seedText}: ${String(end.lists)} pages of lists, ${String(end.watches)} watches; ` +
      `heap ${megabytes(first)} MB at 10 %, ${megabytes(last)} MB at 100 %\n`,
  );
  assert.ok(
    last - first <= toleratedGrowthBytes,
    `expected at most ${megabytes(toleratedGrowthBytes)} MB more at the end`,
  );
} finally {
  for (const stop of stops.toReversed()) await stop();
}
