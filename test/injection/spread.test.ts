// Spreads the lifetime of 24 hours of container credentials, pod by pod.
import assert from 'node:assert/strict';
import { asArray, asObject } from '../../src/identity/json.ts';
import { inject } from '../../src/injection/inject.ts';
import { settings } from '../admission/reviews.ts';
import { applyOperations } from './apply.ts';

const promise = { kind: 'container_credentials', regionalSts: false, warnings: [] } as const;

/** As the ServiceAccount plugin leaves a pod of a controller: no name yet, and a volume with five random characters. */
function podOfController(random: string): object {
  return {
    metadata: { generateName: 'app-' },
    spec: {
      serviceAccountName: 'app',
      volumes: [{ name: `kube-api-access-${random}`, projected: {} }],
      containers: [{ name: 'app' }],
    },
  };
}

function lifetimeOf(pod: object, tokenExpirationSeconds: number): unknown {
  const { operations } = inject(pod, { ...promise, tokenExpirationSeconds }, settings);
  const volumes = asArray(asObject(asObject(applyOperations(pod, operations))?.['spec'])?.['volumes']);
  const sources = asArray(asObject(asObject(volumes?.[0])?.['projected'])?.['sources']);
  return asObject(asObject(sources?.[0])?.['serviceAccountToken'])?.['expirationSeconds'];
}

describe('injection: the lifetime of container credentials', () => {
  it('is spread over 79200 to 86400 seconds where it is 24 hours, also for pods that have no name yet', () => {
    const pods = Array.from({ length: 200 }, (_, index) => podOfController(index.toString(36).padStart(5, 'x')));
    const lifetimes = pods.map((pod) => Number(lifetimeOf(pod, 86_400)));
    assert.ok(lifetimes.every((seconds) => seconds >= 79_200 && seconds <= 86_400));
    assert.ok(new Set(lifetimes).size > 150, `expected many lifetimes, got ${String(new Set(lifetimes).size)}`);
  });

  it('is the same for the same pod', () => {
    assert.equal(lifetimeOf(podOfController('abcde'), 86_400), lifetimeOf(podOfController('abcde'), 86_400));
  });

  it('is left alone where it is anything else', () => {
    assert.equal(lifetimeOf(podOfController('abcde'), 3_600), 3_600);
  });
});
