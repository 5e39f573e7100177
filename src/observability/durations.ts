// A histogram of durations that puts them into buckets a thousand at a time, or when somebody reads it.
import { Histogram, type Registry } from 'prom-client';
import { gather } from './gather.ts';

/** What the histogram is called, as prom-client wants it. */
export type DurationsOptions = {
  readonly name: string;
  readonly help: string;
  readonly bucketsSeconds: number[];
  readonly registers: Registry[];
};

/** Takes durations. */
export type Durations = { readonly add: (durationMs: number) => void };

/** What waits to be put into buckets is put there when it is asked for, or is so much. */
const gathering = { count: 1000, ageMs: 60_000 };

/** Creates the histogram in its registries. */
export function createDurations({ bucketsSeconds: buckets, ...options }: DurationsOptions): Durations {
  const histogram = new Histogram({
    ...options,
    buckets,
    collect: () => {
      durations.flush();
    },
  });
  const durations = gather<number>((list) => {
    for (const durationMs of list) histogram.observe(durationMs / 1000);
  }, gathering);
  return durations;
}
