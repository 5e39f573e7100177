// The slow ends of times.
import { medianOf, percentileOf } from '../bench/statistics.ts';

/** So many at a time: what else a machine does for a moment spoils one such part, not all. */
const partLength = 400;

/** Returns the smallest value that at least `share`, from 0 to 1, of all values do not exceed. Throws where there is none. */
export function percentile(values: readonly number[], share: number): number {
  return percentileOf(
    values.toSorted((left, right) => left - right),
    share,
  );
}

/** Returns the median of the 99th percentiles of equal parts of the values, in their order. */
export function medianP99(values: readonly number[]): number {
  const count = Math.max(1, Math.floor(values.length / partLength));
  const length = values.length / count;
  const parts = Array.from({ length: count }, (_, part) => values.slice(part * length, (part + 1) * length));
  return medianOf(parts.map((part) => percentile(part, 0.99)));
}
