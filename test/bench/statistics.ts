// Medians, percentiles and ratios of what was measured.

/** What the rounds of a series gave. */
export type Spread = {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** In the order of the rounds. */
  readonly rounds: readonly number[];
};

/** Returns the middle one, of an even number the mean of the two in the middle. Throws where there is none. */
export function medianOf(values: readonly number[]): number {
  const sorted = sortedOf(values);
  const middle = Math.floor(sorted.length / 2);
  const upper = at(sorted, middle);
  return sorted.length % 2 === 1 ? upper : (at(sorted, middle - 1) + upper) / 2;
}

/** Returns the smallest value that at least `share`, from 0 to 1, of all values do not exceed (nearest rank). */
export function percentileOf(sorted: readonly number[], share: number): number {
  return at(sorted, Math.max(0, Math.ceil(sorted.length * share) - 1));
}

/** Returns the median, the least and the most. Throws where there is nothing, or something that is no finite number. */
export function spreadOf(rounds: readonly number[]): Spread {
  const sorted = sortedOf(rounds);
  return { median: medianOf(rounds), min: at(sorted, 0), max: at(sorted, sorted.length - 1), rounds };
}

/**
 * Returns the spread of each round's value by that of the floor in the same round: what else the machine did then
 * slowed both.
 */
export function ratioOf(ours: readonly number[], floor: readonly number[]): Spread {
  if (ours.length !== floor.length) {
    throw new Error(`expected as many rounds of the floor as of ours, got ${floor.length} and ${ours.length}`);
  }
  return spreadOf(ours.map((value, round) => value / at(floor, round)));
}

function sortedOf(values: readonly number[]): number[] {
  const wrong = values.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new Error(`expected finite numbers, got ${wrong}`);
  return values.toSorted((left, right) => left - right);
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new Error(`expected a value in place ${index} of ${values.length}, got none`);
  return value;
}
