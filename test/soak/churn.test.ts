// A short form of the churn of a million events: npm run soak:churn.
import assert from 'node:assert/strict';
import { useScope } from '../kubernetes/scope.ts';
import { runChurn } from './churn.ts';

describe('soak/churn', () => {
  const scope = useScope();

  it('20,000 events, watches that end, 410s and lists in between: the store equals a naive model', async function () {
    this.timeout(120_000);
    const point = await runChurn(scope, { seed: 20_261_124, count: 20_000, points: 10 });
    assert.equal(point.events, 20_000);
    assert.ok(point.watched > 5_000, `${String(point.watched)} events by a watch`);
    assert.ok((point.relists['watch_expired'] ?? 0) > 0, JSON.stringify(point.relists));
  });
});
