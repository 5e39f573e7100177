// What a run of the benchmark gives, as it is written to a file and read for the documents.
import { readFileSync } from 'node:fs';
import type { Machine } from './machine.ts';
import type { Figures } from './measure.ts';
import type { ReviewKind } from './orders.ts';
import type { Plan } from './plan.ts';
import type { Spread } from './statistics.ts';

/** What the rounds of one series gave. */
export type SeriesResult = {
  readonly server: 'floor' | 'webhook';
  /** Of a floor: the reviews of which these are the bodies, and whose answers it has. */
  readonly kind: ReviewKind;
  readonly reviewBytes: number;
  readonly answerBytes: number;
  readonly figures: Readonly<Record<keyof Figures, Spread>>;
  /** Round by round, by the floor with the same bodies and an answer of the same size. */
  readonly toFloor: { readonly cpu: Spread; readonly reviewsPerSecond: Spread } | undefined;
};

/** What the starts of the webhook with one number of accounts gave. */
export type StartResult = {
  readonly accounts: number;
  readonly listeningSeconds: Spread;
  /** Of the role of the account on the last page of the list. */
  readonly firstAnswerSeconds: Spread;
  readonly readySeconds: Spread;
  /** Of one that is ready and was never asked. */
  readonly idleMegabytes: Spread;
  /** When it was ready and had answered two reviews. */
  readonly residentMegabytes: Spread;
  readonly peakMegabytes: Spread;
  /** After all accounts had to be listed again, the most that was reached meanwhile included. */
  readonly residentAfterRelistMegabytes: Spread;
  readonly peakWithRelistMegabytes: Spread;
};

/** The webhook that took all the load. */
export type LoadedResult = {
  readonly accounts: number;
  readonly residentMegabytes: number;
  readonly peakMegabytes: number;
};

/** A run. */
export type BenchResult = {
  /** Such as `2026-11-25`. */
  readonly date: string;
  readonly machine: Machine;
  readonly loadGenerator: string;
  readonly plan: Plan;
  /** What the budgets apply to, measured as in `saturation`, in more rounds. */
  readonly budgeted: readonly SeriesResult[];
  /** Each connection sends as soon as its last review is answered. */
  readonly saturation: readonly SeriesResult[];
  /** At the rate of the plan; empty where the load generator has no rate. */
  readonly paced: readonly SeriesResult[];
  readonly starts: readonly StartResult[];
  readonly loaded: readonly LoadedResult[];
};

/** Reads the result of a run from a file that the benchmark wrote. */
export function readResult(path: string): BenchResult {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the benchmark wrote
  return JSON.parse(readFileSync(path, 'utf8')) as BenchResult;
}

/** Returns a series of the webhook, or its floor. Throws where it was not measured. */
export function seriesOf(
  list: readonly SeriesResult[],
  server: SeriesResult['server'],
  { containers, outcome, accounts }: ReviewKind,
): SeriesResult {
  const found = list.find(
    (entry) =>
      entry.server === server &&
      entry.kind.containers === containers &&
      entry.kind.outcome === outcome &&
      entry.kind.accounts === accounts,
  );
  if (found) return found;
  throw new Error(`expected ${server} with ${containers} containers, ${outcome}, ${accounts} accounts; not measured`);
}
