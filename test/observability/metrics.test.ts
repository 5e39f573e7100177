// The metrics by name, type and label, which dashboards rely on.
import assert from 'node:assert/strict';
import { outcomeSentences } from '../../src/admission/outcomes.ts';
import { createMetrics, type Metrics } from '../../src/observability/metrics.ts';
import { type MetricFamily, parseMetrics } from './metrics-text.ts';

const outcomes = Object.keys(outcomeSentences);

async function render(metrics: Metrics): Promise<Map<string, MetricFamily>> {
  const { contentType, body } = await metrics.render();
  assert.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8');
  return parseMetrics(body);
}

async function seriesOf(metrics: Metrics, name: string): Promise<Record<string, number>> {
  return Object.fromEntries((await render(metrics)).get(name)?.series ?? []);
}

describe('observability/metrics', () => {
  let metrics: Metrics;
  beforeEach(() => {
    metrics = createMetrics(outcomes, { processMetrics: false });
  });

  it('has these names and types, the last four from the Go webhook', async () => {
    const families = await render(metrics);
    assert.deepEqual(
      [...families].map(([name, { type }]) => `${name} ${type}`),
      [
        'irsa_webhook_reviews_total counter',
        'irsa_webhook_review_duration_seconds histogram',
        'irsa_webhook_role_map_loads_total counter',
        'irsa_webhook_role_map_refused gauge',
        'irsa_webhook_role_map_entries gauge',
        'irsa_webhook_certificate_file_loads_total counter',
        'http_request_count counter',
        'pod_identity_webhook_pod_count counter',
        'pod_identity_webhook_missing_sa_count counter',
        'pod_identity_webhook_used gauge',
      ],
    );
    for (const [name, { help }] of families) assert.match(help, /^[A-Z].*\.$/, name);
  });

  it('has the metrics of the process where they are asked for, beside its own', async () => {
    const withProcess = await render(createMetrics(outcomes, { processMetrics: true }));
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds']) {
      assert.ok(withProcess.has(name), name);
    }
    for (const name of (await render(metrics)).keys()) assert.ok(withProcess.has(name), name);
    // Each of them walks through all connections.
    assert.deepEqual(
      [...withProcess.keys()].filter((name) => name.startsWith('nodejs_active')),
      [],
    );
  });

  it('starts each outcome at 0', async () => {
    assert.deepEqual(
      await seriesOf(metrics, 'irsa_webhook_reviews_total'),
      Object.fromEntries(outcomes.map((outcome) => [`irsa_webhook_reviews_total{outcome="${outcome}"}`, 0])),
    );
  });

  it('starts what has no labels at 0', async () => {
    assert.deepEqual(await seriesOf(metrics, 'pod_identity_webhook_missing_sa_count'), {
      pod_identity_webhook_missing_sa_count: 0,
    });
    assert.deepEqual(await seriesOf(metrics, 'pod_identity_webhook_used'), { pod_identity_webhook_used: 0 });
  });

  it('has buckets from 0.5 ms to 10 s', async () => {
    const series = Object.keys(await seriesOf(metrics, 'irsa_webhook_review_duration_seconds'));
    assert.deepEqual(
      series.flatMap((name) => /le="([^"]+)"/.exec(name)?.slice(1) ?? []),
      '0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf'.split(' '),
    );
  });

  it('counts reviews by their outcome, and their time in seconds', async () => {
    metrics.countReview({ outcome: 'injected', durationMs: 0.4, credentials: 'sts_web_identity' });
    metrics.countReview({ outcome: 'injected', durationMs: 600, credentials: 'sts_web_identity' });
    metrics.countReview({ outcome: 'no_role_annotation', durationMs: 20_000, credentials: undefined });
    const reviews = await seriesOf(metrics, 'irsa_webhook_reviews_total');
    assert.equal(reviews['irsa_webhook_reviews_total{outcome="injected"}'], 2);
    assert.equal(reviews['irsa_webhook_reviews_total{outcome="no_role_annotation"}'], 1);
    assert.equal(reviews['irsa_webhook_reviews_total{outcome="internal_error"}'], 0);
    const duration = await seriesOf(metrics, 'irsa_webhook_review_duration_seconds');
    const name = 'irsa_webhook_review_duration_seconds';
    assert.equal(duration[`${name}_bucket{le="0.0005"}`], 1);
    assert.equal(duration[`${name}_bucket{le="1"}`], 2);
    assert.equal(duration[`${name}_bucket{le="10"}`], 2);
    assert.equal(duration[`${name}_bucket{le="+Inf"}`], 3);
    assert.equal(duration[`${name}_count`], 3);
    assert.ok(Math.abs((duration[`${name}_sum`] ?? 0) - 20.6004) < 1e-6);
  });

  it('keeps the metrics of the Go webhook', async () => {
    metrics.countCall({ method: 'POST', path: '/mutate', statusCode: 200 });
    metrics.countCall({ method: 'POST', path: '/mutate', statusCode: 200 });
    metrics.countCall({ method: 'GET', path: '/mutate', statusCode: 405 });
    metrics.countReview({ outcome: 'own_credentials', durationMs: 1, credentials: 'sts_web_identity' });
    metrics.countReview({ outcome: 'service_account_not_found', durationMs: 1, credentials: undefined });
    assert.deepEqual(await seriesOf(metrics, 'http_request_count'), {
      'http_request_count{verb="POST",path="/mutate",code="200"}': 2,
      'http_request_count{verb="GET",path="/mutate",code="405"}': 1,
    });
    assert.deepEqual(await seriesOf(metrics, 'pod_identity_webhook_pod_count'), {
      'pod_identity_webhook_pod_count{method="sts_web_identity"}': 1,
    });
    assert.deepEqual(await seriesOf(metrics, 'pod_identity_webhook_missing_sa_count'), {
      pod_identity_webhook_missing_sa_count: 1,
    });
    assert.deepEqual(await seriesOf(metrics, 'pod_identity_webhook_used'), { pod_identity_webhook_used: 1 });
  });

  it('shares nothing with another set of metrics', async () => {
    metrics.countReview({ outcome: 'injected', durationMs: 1, credentials: 'sts_web_identity' });
    const other = createMetrics(outcomes, { processMetrics: false });
    assert.equal(
      (await seriesOf(other, 'irsa_webhook_reviews_total'))['irsa_webhook_reviews_total{outcome="injected"}'],
      0,
    );
  });
});
