// A counter whose counts are plain numbers until somebody reads them: prom-client sorts and joins labels at each call.
import { Counter, type Registry } from 'prom-client';

/** What a tally is called, as prom-client wants it. */
export type TallyOptions = {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registers: Registry[];
};

/** Counts by label values. */
export type Tally = {
  /**
   * Adds to the count of these values, in the order of the label names. The values must be of a vocabulary that is
   * bounded: each new one is a series for good.
   */
  readonly add: (values: readonly string[], count?: number) => void;
};

/** Creates a counter in its registries; a tally without labels starts at 0, any other without a series. */
export function createTally(options: TallyOptions): Tally {
  const { labelNames } = options;
  const root: Count = { labels: {}, next: new Map(), count: undefined };
  const add = (values: readonly string[], count = 1): void => {
    let node = root;
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] ?? '';
      let next = node.next.get(value);
      if (next === undefined) {
        const labels = { ...node.labels, [labelNames[index] ?? '']: value };
        node.next.set(value, (next = { labels, next: new Map(), count: undefined }));
      }
      node = next;
    }
    node.count = (node.count ?? 0) + count;
  };
  if (labelNames.length === 0) add([], 0);
  const counter = new Counter({
    ...options,
    collect: () => {
      counter.reset();
      for (const { labels, count } of countsOf(root)) counter.inc(labels, count);
    },
  });
  return { add };
}

/** A step on the way through the values of the labels; only the last one counts. A joined key would be hashed each time. */
type Count = {
  readonly labels: Readonly<Record<string, string>>;
  readonly next: Map<string, Count>;
  count: number | undefined;
};

function* countsOf({
  labels,
  next,
  count,
}: Count): Generator<{ readonly labels: Count['labels']; readonly count: number }> {
  if (count !== undefined) yield { labels, count };
  for (const step of next.values()) yield* countsOf(step);
}
