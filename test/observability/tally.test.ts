// A tally counts what a counter of prom-client would, and shows it when it is read.
import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { createTally } from '../../src/observability/tally.ts';
import { parseMetrics } from './metrics-text.ts';

async function seriesOf(registry: Registry): Promise<Record<string, number>> {
  return Object.fromEntries(parseMetrics(await registry.metrics()).get('calls_total')?.series ?? []);
}

const named = { name: 'calls_total', help: 'Calls.' };

describe('observability/tally', () => {
  it('counts by the values of its labels, as often as it is read', async () => {
    const registry = new Registry();
    const calls = createTally({ ...named, labelNames: ['path', 'code'], registers: [registry] });
    calls.add(['/a', '200']);
    calls.add(['/a', '200']);
    calls.add(['/a', '500'], 3);
    const expected = { 'calls_total{path="/a",code="200"}': 2, 'calls_total{path="/a",code="500"}': 3 };
    assert.deepEqual(await seriesOf(registry), expected);
    assert.deepEqual(await seriesOf(registry), expected, 'reading counts nothing');
    calls.add(['/a', '200']);
    assert.deepEqual(await seriesOf(registry), { ...expected, 'calls_total{path="/a",code="200"}': 3 });
  });

  it('starts at 0 where it has no labels, and where that is asked for', async () => {
    const registry = new Registry();
    createTally({ ...named, labelNames: [], registers: [registry] });
    assert.deepEqual(await seriesOf(registry), { calls_total: 0 });
    const other = new Registry();
    createTally({ ...named, labelNames: ['path'], registers: [other] }).add(['/a'], 0);
    assert.deepEqual(await seriesOf(other), { 'calls_total{path="/a"}': 0 });
  });

  it('keeps values apart that look alike when they are joined', async () => {
    const registry = new Registry();
    const calls = createTally({ ...named, labelNames: ['path', 'code'], registers: [registry] });
    calls.add(['ab', 'c']);
    calls.add(['a', 'bc']);
    assert.deepEqual(await seriesOf(registry), {
      'calls_total{path="ab",code="c"}': 1,
      'calls_total{path="a",code="bc"}': 1,
    });
  });
});
