// Measures one series once: a load on one server, all of whose replies are right.
import { truncate } from 'node:fs/promises';
import { type Counts, readCounts, verifyCounts } from './counts.ts';
import type { Load, LoadGenerator } from './load/load.ts';
import { askOnce, type Series } from './orders.ts';
import { cpuMicrosecondsOf } from './process-cost.ts';
import type { Server, Webhook } from './servers.ts';
import { percentileOf } from './statistics.ts';

/** What is asked. */
export type Target =
  | { readonly kind: 'floor'; readonly server: Server; readonly series: Series }
  | {
      readonly kind: 'webhook';
      readonly server: Webhook;
      readonly series: Series;
      /** Where it reads accounts. */
      readonly accounts: Server;
    };

/** What one round of a series gave. */
export type Figures = {
  /** Of the server, all its threads, for a review. */
  readonly cpuMicroseconds: number;
  /** Of the API server's stand-in, for a review; 0 where it is not asked. */
  readonly apiServerCpuMicroseconds: number;
  readonly reviewsPerSecond: number;
  /** How much of one core the server had. Well below 1 at saturation, something else kept it waiting. */
  readonly busyShare: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
};

/** How it is asked. */
export type LoadShape = Pick<Load, 'connections' | 'seconds' | 'reviewsPerSecond'>;

/** What measuring needs. */
export type MeasureOptions = { readonly generator: LoadGenerator; readonly ca: string };

/** Rejects where any reply was wrong, or the webhook has counted other reviews than were sent. */
export async function measure(target: Target, shape: LoadShape, { generator, ca }: MeasureOptions): Promise<Figures> {
  const { server, series } = target;
  const counts = target.kind === 'webhook' ? await readCounts(target.server.metricsPort) : undefined;
  let begun = cpuOf(target);
  const onBegin = (): void => {
    begun = cpuOf(target);
  };
  const report = await generator.run({ ...shape, ...series, port: server.port, onBegin });
  const ended = cpuOf(target);
  if (target.kind === 'webhook' && counts) await verifyWebhook(target, { ca, counts, reviews: report.sent });

  const { measured, seconds, latenciesMs } = report;
  return {
    cpuMicroseconds: (ended.server - begun.server) / measured,
    apiServerCpuMicroseconds: (ended.accounts - begun.accounts) / measured,
    reviewsPerSecond: measured / seconds,
    busyShare: (ended.server - begun.server) / 1e6 / seconds,
    p50Ms: percentileOf(latenciesMs, 0.5),
    p99Ms: percentileOf(latenciesMs, 0.99),
    p999Ms: percentileOf(latenciesMs, 0.999),
    maxMs: percentileOf(latenciesMs, 1),
  };
}

function cpuOf(target: Target): { readonly server: number; readonly accounts: number } {
  const server = cpuMicrosecondsOf(target.server.pid);
  return { server, accounts: target.kind === 'webhook' ? cpuMicrosecondsOf(target.accounts.pid) : 0 };
}

type Sent = { readonly ca: string; readonly counts: Counts; readonly reviews: number };

/** The load has held all replies to the answers of before; here one is held to what is right again. */
async function verifyWebhook(target: Target & { kind: 'webhook' }, { ca, counts, reviews }: Sent): Promise<void> {
  const { server, series } = target;
  const [order] = series.orders;
  if (order === undefined) throw new Error('expected a review to send, got none');
  const isReadLive = order.outcome === 'no_role_annotation';
  const after = await readCounts(server.metricsPort);
  verifyCounts(counts, after, { outcome: order.outcome, reviews, liveReads: isReadLive ? reviews : 0 });
  await askOnce({ port: server.port, ca, path: series.path }, order);
  // Hundreds of megabytes in a run; the webhook appends.
  await truncate(server.logPath);
}
