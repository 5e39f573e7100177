// The metrics of certificates: when they end, whoever made them, and what was done about it.
import assert from 'node:assert/strict';
import { createMetrics, type Metrics } from '../../src/observability/metrics.ts';
import { parseMetrics } from './metrics-text.ts';

async function seriesOf(metrics: Metrics, name: string): Promise<Record<string, number>> {
  return Object.fromEntries(parseMetrics((await metrics.render()).body).get(name)?.series ?? []);
}

const notAfter = 'irsa_webhook_certificate_not_after_seconds';

describe('observability/certificate-metrics', () => {
  let metrics: Metrics;
  beforeEach(() => {
    metrics = createMetrics([], { processMetrics: false });
  });

  it('tell when the leaf ends, and the authority where that is known, as of now', async () => {
    let leaf: Date | undefined;
    metrics.addCertificateExpiry({ notAfter: () => leaf, authorityNotAfter: () => leaf && new Date(9_000) });
    assert.deepEqual(await seriesOf(metrics, notAfter), {});
    leaf = new Date(2_500);
    assert.deepEqual(await seriesOf(metrics, notAfter), {
      [`${notAfter}{kind="leaf"}`]: 2.5,
      [`${notAfter}{kind="authority"}`]: 9,
    });
    leaf = new Date(4_000);
    assert.equal((await seriesOf(metrics, notAfter))[`${notAfter}{kind="leaf"}`], 4);
  });

  it('tell of a leaf whose authority is not told', async () => {
    metrics.addCertificateExpiry({ notAfter: () => new Date(1_000) });
    assert.deepEqual(await seriesOf(metrics, notAfter), { [`${notAfter}{kind="leaf"}`]: 1 });
  });

  it('tell whether every caBundle verifies what is served; not known is not so', async () => {
    let isInSync: boolean | undefined;
    metrics.addCertificates({ faultSteps: [], isInSync: () => isInSync });
    const name = 'irsa_webhook_cabundle_in_sync';
    for (const [state, value] of [
      [undefined, 0],
      [true, 1],
      [false, 0],
    ] as const) {
      isInSync = state;
      assert.deepEqual(await seriesOf(metrics, name), { [name]: value });
    }
  });

  it('count rotations, faults and writes, each from 0', async () => {
    const counts = metrics.addCertificates({ faultSteps: ['sign', 'lease'], isInSync: () => true });
    counts.countRotation('leaf');
    counts.countFault('lease');
    counts.countBundleWrite();
    assert.deepEqual(await seriesOf(metrics, 'irsa_webhook_certificate_rotations_total'), {
      'irsa_webhook_certificate_rotations_total{kind="authority"}': 0,
      'irsa_webhook_certificate_rotations_total{kind="leaf"}': 1,
    });
    assert.deepEqual(await seriesOf(metrics, 'irsa_webhook_certificate_rotation_errors_total'), {
      'irsa_webhook_certificate_rotation_errors_total{step="sign"}': 0,
      'irsa_webhook_certificate_rotation_errors_total{step="lease"}': 1,
    });
    assert.deepEqual(await seriesOf(metrics, 'irsa_webhook_cabundle_writes_total'), {
      irsa_webhook_cabundle_writes_total: 1,
    });
  });
});
