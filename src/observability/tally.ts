// A counter whose counts are plain numbers until somebody reads them: prom-client sorts and joins labels at each call.
import { Counter, type Registry } from 'prom-client';

/** What a tally is called, as prom-client wants it. */
export type TallyOptions<Label extends string> = {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
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
export function createTally<Label extends string>(options: TallyOptions<Label>): Tally {
  const { labelNames } = options;
  const counts = new Map<string, { readonly labels: Partial<Record<Label, string>>; count: number }>();
  const add = (values: readonly string[], count = 1): void => {
    const key = keyOf(values);
    const known = counts.get(key);
    if (known !== undefined) known.count += count;
    else {
      const labels: Partial<Record<Label, string>> = {};
      for (const [index, name] of labelNames.entries()) labels[name] = values[index] ?? '';
      counts.set(key, { labels, count });
    }
  };
  if (labelNames.length === 0) add([], 0);
  const counter = new Counter({
    ...options,
    collect: () => {
      counter.reset();
      for (const { labels, count } of counts.values()) counter.inc(labels, count);
    },
  });
  return { add };
}

/** Our vocabularies hold no line break. */
function keyOf(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : values.join('\n');
}
