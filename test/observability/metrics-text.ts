// Reads the text format of Prometheus, strictly.
import assert from 'node:assert/strict';

export type MetricFamily = {
  type: string;
  help: string;
  /** Value by name and labels, as written: `name{label="value"}`. */
  readonly series: Map<string, number>;
};

/** Returns the families in a text by their names; fails where a line is none of the format. */
export function parseMetrics(text: string): Map<string, MetricFamily> {
  const families = new Map<string, MetricFamily>();
  for (const line of text.split('\n').filter((entry) => entry !== '')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line) ?? [];
    if (kind === undefined) {
      addSample(families, line);
    } else {
      const family = families.get(name) ?? { type: '', help: '', series: new Map<string, number>() };
      family[kind === 'HELP' ? 'help' : 'type'] = rest;
      families.set(name, family);
    }
  }
  return families;
}

/** The samples of a family stand behind its help and type. */
function addSample(families: ReadonlyMap<string, MetricFamily>, line: string): void {
  const [, series, value] = /^(\w+(?:\{(?:\w+="(?:[^"\\]|\\.)*",?)+\})?) (\S+)$/.exec(line) ?? [];
  assert.ok(series !== undefined && value !== undefined, `expected a line of metrics, got ${line}`);
  const name = series.replace(/\{.*/s, '');
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  assert.ok(family, `expected a type before ${series}`);
  assert.match(value, /^(Nan|NaN|[+-]Inf|[-+.e\d]+)$/, line);
  family.series.set(series, Number(value));
}
