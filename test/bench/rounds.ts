// Measures series in turn, round after round, so that what else the machine does slows all of them.
import type { Figures, LoadShape, MeasureOptions, Target } from './measure.ts';
import { measure } from './measure.ts';
import type { ReviewKind } from './orders.ts';
import type { SeriesResult } from './result.ts';
import { ratioOf, spreadOf } from './statistics.ts';

/** A series to measure, behind its floor. */
export type Cell = {
  readonly target: Target;
  readonly kind: ReviewKind;
  /** Undefined for a floor. */
  readonly floor: Cell | undefined;
};

/** How. */
export type RoundsOptions = MeasureOptions & {
  readonly rounds: number;
  readonly shape: LoadShape;
  /** Told before each round, from 1. */
  readonly onRound: (round: number) => void;
};

/** Returns what the rounds gave, in the order of the cells. */
export async function measureRounds(cells: readonly Cell[], options: RoundsOptions): Promise<SeriesResult[]> {
  const measured = new Map<Cell, Figures[]>(cells.map((cell) => [cell, []]));
  for (let round = 1; round <= options.rounds; round += 1) {
    options.onRound(round);
    for (const [cell, list] of measured) list.push(await measure(cell.target, options.shape, options));
  }
  return cells.map((cell) => resultOf(cell, measured));
}

function resultOf(cell: Cell, measured: ReadonlyMap<Cell, readonly Figures[]>): SeriesResult {
  const { target, kind, floor } = cell;
  const valuesOf = (name: keyof Figures, of: Cell = cell): number[] => (measured.get(of) ?? []).map((row) => row[name]);
  const ratio = (name: keyof Figures, of: Cell) => ratioOf(valuesOf(name), valuesOf(name, of));
  const { bodies, answers } = target.series;
  return {
    server: target.kind,
    kind,
    reviewBytes: bodies[0]?.length ?? 0,
    answerBytes: answers[0]?.length ?? 0,
    figures: {
      cpuMicroseconds: spreadOf(valuesOf('cpuMicroseconds')),
      apiServerCpuMicroseconds: spreadOf(valuesOf('apiServerCpuMicroseconds')),
      reviewsPerSecond: spreadOf(valuesOf('reviewsPerSecond')),
      busyShare: spreadOf(valuesOf('busyShare')),
      p50Ms: spreadOf(valuesOf('p50Ms')),
      p99Ms: spreadOf(valuesOf('p99Ms')),
      p999Ms: spreadOf(valuesOf('p999Ms')),
      maxMs: spreadOf(valuesOf('maxMs')),
    },
    toFloor: floor && {
      cpu: ratio('cpuMicroseconds', floor),
      reviewsPerSecond: ratio('reviewsPerSecond', floor),
    },
  };
}
