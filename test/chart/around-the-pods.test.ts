// What stands around the pods: how many may go, how many there are, and what they may reach.
import assert from 'node:assert/strict';
import { asArray, asObject, type JsonObject } from '../../src/identity/json.ts';
import { ofKind, renderObjects, type Rendering, theOne } from './helm.ts';
import { deploymentSpec } from './pod-template.ts';
import { presetRendering } from './renderings.ts';

const unhealthyPodEvictionPolicy = 'AlwaysAllow';

describe('the PodDisruptionBudget', () => {
  it('lets one replica go at a time', () => {
    assert.deepEqual(budgetsOf({}), [{ maxUnavailable: 1, unhealthyPodEvictionPolicy }]);
  });

  it('has the one bound that is given', () => {
    for (const bound of [{ minAvailable: 2 }, { minAvailable: '50%' }, { maxUnavailable: '25%' }]) {
      const budgets = budgetsOf({ replicas: 4, podDisruptionBudget: bound });
      assert.deepEqual(budgets, [{ ...bound, unhealthyPodEvictionPolicy }]);
    }
  });

  it('is not there for one replica, of the Deployment or of an autoscaler', () => {
    assert.deepEqual(budgetsOf({ replicas: 1 }), []);
    assert.deepEqual(budgetsOf({ autoscaling: { enabled: true, minReplicas: 1 } }), []);
    assert.deepEqual(budgetsOf({ podDisruptionBudget: { enabled: false } }), []);
  });
});

describe('the HorizontalPodAutoscaler', () => {
  it('alone says how many replicas there are', () => {
    const objects = renderObjects({ values: { autoscaling: { enabled: true } } });
    assert.ok(!('replicas' in deploymentSpec(objects)));
    theOne(objects, 'HorizontalPodAutoscaler', 'irsa-webhook');
    assert.deepEqual(ofKind(renderObjects(), 'HorizontalPodAutoscaler'), []);
  });
});

describe('the NetworkPolicy', () => {
  it('lets DNS be asked where the pods behind its Service listen, on OpenShift too', () => {
    assert.deepEqual(dnsPorts({}), [{ port: 53, protocol: 'UDP' }]);
    assert.deepEqual(dnsPorts(presetRendering('openshift')), [
      { port: 53, protocol: 'UDP' },
      { port: 5353, protocol: 'UDP' },
    ]);
  });

  it('lets instance metadata be asked only where it tells the AWS account', () => {
    const metadata = '169.254.169.254';
    assert.ok(!JSON.stringify(egressOf({})).includes(metadata));
    assert.ok(JSON.stringify(egressOf({ config: { composeRoleArn: true } })).includes(metadata));
    const named = { config: { composeRoleArn: true, awsAccountId: '111122223333' } };
    assert.ok(!JSON.stringify(egressOf(named)).includes(metadata));
  });
});

/** Returns the ports to which UDP is let out. */
function dnsPorts(rendering: Rendering): readonly unknown[] {
  return egressOf({}, rendering)
    .flatMap((rule) => asArray(asObject(rule)?.['ports']) ?? [])
    .filter((port) => asObject(port)?.['protocol'] === 'UDP');
}

/** Returns what the NetworkPolicy lets out. */
function egressOf(values: JsonObject, rendering: Rendering = {}): readonly unknown[] {
  const objects = renderObjects({ ...rendering, values: { networkPolicy: { enabled: true }, ...values } });
  const policy = theOne(objects, 'NetworkPolicy');
  return asArray(asObject(policy['spec'])?.['egress']) ?? [];
}

/** Returns the bounds of each PodDisruptionBudget. */
function budgetsOf(values: JsonObject): readonly JsonObject[] {
  return ofKind(renderObjects({ values }), 'PodDisruptionBudget').map((object) => {
    const { selector: _, ...bounds } = asObject(object['spec']) ?? {};
    return bounds;
  });
}
