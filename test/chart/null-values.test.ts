// Values that a user takes away (null): refused where they must be there, and otherwise as good as empty ones.
import assert from 'node:assert/strict';
import { asArray, asObject, type JsonObject } from '../../src/identity/json.ts';
import { chartSchema, chartValues } from './chart.ts';
import { renderText, tryChart } from './helm.ts';
import { partsOf } from './schema.ts';
import type { ChartValue } from './values-comments.ts';

/** Without these a pod takes what the cluster has by default, as its user wants it. */
const mayBeNull: readonly string[] = [
  'nodeSelector',
  'priorityClassName',
  'resources.limits',
  'resources.requests',
  'topologySpreadConstraints',
];

/** Empty by default, and merged with labels of the chart's own. */
const neverNull: readonly string[] = ['commonLabels', 'podLabels'];

describe('values that are null', () => {
  const schema = chartSchema();
  const values = chartValues();
  /** Blocks of values, such as `certificates.selfManaged`. */
  const blocks = partsOf(schema)
    .filter(({ path, schema: part }) => path.length > 0 && asObject(part['properties']) !== undefined)
    .map(({ path }) => path)
    .filter((path) => values.some((value) => value.path.length > path.length && isBelow(value.path, path)));
  const needed = [...blocks, ...values.filter(isNeeded).map(({ path }) => path)];

  it('are refused where the default is more than empty, and of blocks', () => {
    const required = partsOf(schema)
      .filter(({ path }) => path.length === 0 || blocks.some((block) => block.join('.') === path.join('.')))
      .flatMap(({ path, schema: part }) => (asArray(part['required']) ?? []).map((key) => [...path, key].join('.')));
    assert.deepEqual(required.toSorted(), needed.map((path) => path.join('.')).toSorted());
  });

  it('are refused with their path, all of one level at once', () => {
    const deepest = Math.max(...needed.map((path) => path.length));
    for (let level = 1; level <= deepest; level += 1) {
      const paths = needed.filter((path) => path.length === level);
      const { status, errors } = tryChart('template', { values: nulls(paths) });
      assert.notEqual(status, 0);
      const unsaid = paths.filter((path) => {
        const place = `at '${path
          .slice(0, -1)
          .map((key) => `/${key}`)
          .join('')}': missing propert`;
        return !errors.split('\n').some((line) => line.includes(place) && line.includes(`'${path.at(-1) ?? ''}'`));
      });
      assert.deepEqual(unsaid, []);
    }
  });

  for (const monitor of ['serviceMonitor', 'podMonitor']) {
    it(`are as good as empty ones elsewhere, with a ${monitor}`, () => {
      const turnedOn = [
        ['networkPolicy', 'enabled'],
        ['monitoring', monitor, 'enabled'],
        ['monitoring', 'prometheusRule', 'enabled'],
        ['monitoring', 'dashboard', 'enabled'],
      ].map((path) => [path, true] as const);
      const empty = values
        .filter((value) => isEmpty(value.default) && !isNeeded(value))
        .map(({ path }) => [path, null] as const);
      assert.equal(
        renderText({ values: valuesAt([...turnedOn, ...empty]) }),
        renderText({ values: valuesAt(turnedOn) }),
      );
    });
  }

  it('are no resources, no constraint, no class and no nodes where that is what a user wants', () => {
    assert.equal(
      renderText({ values: nulls(mayBeNull.map((name) => name.split('.'))) }),
      renderText({
        values: {
          nodeSelector: nobody,
          priorityClassName: '',
          resources: { limits: null, requests: null },
          topologySpreadConstraints: [],
        },
      }),
    );
  });
});

/** Takes away the one label that there is. */
const nobody: JsonObject = { 'kubernetes.io/os': null };

/** Whether a value must be there. */
function isNeeded({ path, default: value }: ChartValue): boolean {
  const name = path.join('.');
  return neverNull.includes(name) || !(isEmpty(value) || mayBeNull.includes(name));
}

/** Returns values in which these are null. */
function nulls(paths: readonly (readonly string[])[]): JsonObject {
  return valuesAt(paths.map((path) => [path, null]));
}

/** Returns values that are these at their paths. */
function valuesAt(entries: readonly (readonly [path: readonly string[], value: unknown])[]): JsonObject {
  const heads = [...new Set(entries.map(([[head = '']]) => head))];
  return Object.fromEntries(
    heads.map((head) => {
      const below = entries.filter(([[first]]) => first === head);
      const leaf = below.find(([path]) => path.length === 1);
      return [head, leaf ? leaf[1] : valuesAt(below.map(([path, value]) => [path.slice(1), value]))];
    }),
  );
}

function isBelow(path: readonly string[], block: readonly string[]): boolean {
  return block.every((key, index) => path[index] === key);
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || Object.keys(asObject(value) ?? asArray(value) ?? { no: 0 }).length === 0;
}
