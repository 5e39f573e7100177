// The metrics of the ports by name and type, that each word starts at 0, and that their state is read when they are.
import assert from 'node:assert/strict';
import { createMetrics } from '../../src/observability/metrics.ts';
import { parseMetrics } from './metrics-text.ts';

function create() {
  const state = { reviewsInFlight: 0, connections: { webhook: 0, metrics: 0 } };
  const metrics = createMetrics([], { processMetrics: false });
  const server = metrics.addServer({
    handshakeErrorReasons: ['timeout', 'other'],
    shedReasons: ['idle', 'new'],
    state: () => state,
  });
  const families = async () => parseMetrics((await metrics.render()).body);
  const valueOf = async (series: string): Promise<number | undefined> => {
    for (const family of (await families()).values()) {
      const value = family.series.get(series);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  return { metrics, server, state, families, valueOf };
}

describe('observability/server-metrics', () => {
  it('has these names and types', async () => {
    const families = [...(await create().families())].filter(([name]) =>
      /connections|handshake|in_flight|shed|certificate/.test(name),
    );
    assert.deepEqual(families.map(([name, { type }]) => `${name} ${type}`).toSorted(), [
      'irsa_webhook_certificate_file_loads_total counter',
      'irsa_webhook_connections gauge',
      'irsa_webhook_connections_shed_total counter',
      'irsa_webhook_handshake_errors_total counter',
      'irsa_webhook_reviews_in_flight gauge',
      'irsa_webhook_reviews_shed_total counter',
    ]);
    for (const [name, { help }] of families) assert.match(help, /^[A-Z].*\.$/, name);
  });

  it('starts each word at 0, and counts', async () => {
    const { metrics, server, valueOf } = create();
    const series = [
      'irsa_webhook_handshake_errors_total{reason="timeout"}',
      'irsa_webhook_connections_shed_total{port="metrics",reason="new"}',
      'irsa_webhook_reviews_shed_total',
      'irsa_webhook_certificate_file_loads_total{file="client_authorities",result="refused"}',
    ];
    for (const name of series) assert.equal(await valueOf(name), 0, name);
    server.countHandshakeError('timeout');
    server.countShedConnections('metrics', 'new', 3);
    server.countShedReview();
    metrics.countFileLoad('client_authorities', 'refused');
    assert.deepEqual(await Promise.all(series.map(valueOf)), [1, 3, 1, 1]);
  });

  it('shows the state of the moment', async () => {
    const { state, valueOf } = create();
    Object.assign(state, { reviewsInFlight: 4, connections: { webhook: 9, metrics: 2 } });
    assert.equal(await valueOf('irsa_webhook_reviews_in_flight'), 4);
    assert.equal(await valueOf('irsa_webhook_connections{port="webhook"}'), 9);
    assert.equal(await valueOf('irsa_webhook_connections{port="metrics"}'), 2);
  });
});
