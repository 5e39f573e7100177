// The fast form of a patch beside the readable one: whatever is joined is what inject gives.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Identity } from '../../src/identity/identity.ts';
import { asArray, asObject, type JsonObject } from '../../src/identity/json.ts';
import { inject } from '../../src/injection/inject.ts';
import { createPatchJoiner, type JoinedPatch } from '../../src/admission/joined-patch.ts';
import type { InjectionSettings } from '../../src/injection/settings.ts';
import { benchReview } from '../bench/review.ts';
import { podArbitrary } from '../injection/random-pods.ts';
import { identityArbitrary, settingsArbitrary } from '../injection/random-settings.ts';

const runs = { numRuns: 4000 };
const settingsOf = (settings: InjectionSettings): InjectionSettings => ({ ...settings, spreadsTokenExpiration: false });
const plainIdentity: Identity = {
  kind: 'identity',
  roleArn: 'arn:aws:iam::111122223333:role/grüße',
  audience: 'sts.amazonaws.com',
  tokenExpirationSeconds: 86_400,
  regionalSts: true,
  warnings: [],
};

/** As for an identity that was there before: pieces are made at the second time. */
function joinTwice(pod: unknown, identity: Identity, settings: InjectionSettings): JoinedPatch | undefined {
  const join = createPatchJoiner(settings);
  assert.equal(join(pod, identity), undefined);
  return join(pod, identity);
}

function assertSame(joined: JoinedPatch, pod: unknown, identity: Identity, settings: InjectionSettings): void {
  const { operations, outcome, warnings } = inject(pod, identity, settings);
  assert.deepEqual({ outcome, warnings }, { outcome: 'injected', warnings: [] });
  assert.deepEqual(joined.operations, operations);
  assert.deepEqual(JSON.parse(Buffer.from(joined.base64, 'base64').toString()), operations);
}

/** Takes away what mostly keeps a random pod from being plain, so that the rest is met often. */
function plainer(pod: JsonObject): JsonObject {
  const spec = asObject(pod['spec']) ?? {};
  const lists = ['initContainers', 'containers'].map((field): [string, unknown] => [
    field,
    asArray(spec[field])?.map((container) => {
      const { envFrom: _envFrom, ...rest } = asObject(container) ?? {};
      const env = asArray(rest['env'])?.filter((each) => !JSON.stringify(each).includes('AWS_'));
      return { ...rest, ...(env && { env }) };
    }),
  ]);
  return { ...pod, metadata: { name: 'pod' }, spec: { ...spec, ...Object.fromEntries(lists) } };
}

describe('admission/joined-patch', () => {
  it('is for every pod what inject gives, where it is anything', () => {
    let joinedPods = 0;
    const pods = fc.oneof(podArbitrary({ wrongTypes: true }), podArbitrary({ wrongTypes: false }).map(plainer));
    const cases = fc.record({
      pod: pods,
      identity: fc.oneof(identityArbitrary, fc.constant(plainIdentity)),
      settings: settingsArbitrary.map(settingsOf),
    });
    fc.assert(
      fc.property(cases, ({ pod, identity, settings }) => {
        const joined = joinTwice(pod, identity, settings);
        if (joined === undefined) return;
        joinedPods += 1;
        assertSame(joined, pod, identity, settings);
      }),
      runs,
    );
    assert.ok(joinedPods > runs.numRuns / 100, `only ${String(joinedPods)} pods were joined`);
  });

  it('joins the patch of a usual pod of a Deployment', () => {
    const pod = asObject(benchReview()['request'])?.['object'];
    const [settings] = fc.sample(settingsArbitrary.map(settingsOf), { numRuns: 1, seed: 1 });
    assert.ok(settings);
    const joined = joinTwice(pod, plainIdentity, settings);
    assert.ok(joined);
    assertSame(joined, pod, plainIdentity, settings);
  });

  it('leaves to inject what differs from pod to pod', () => {
    const [settings] = fc.sample(settingsArbitrary, { numRuns: 1, seed: 1 });
    assert.ok(settings);
    const pod = { spec: { containers: [{ name: 'app' }] } };
    assert.equal(joinTwice(pod, plainIdentity, { ...settings, spreadsTokenExpiration: true }), undefined);
    const named: Identity = { ...plainIdentity, options: { roleSessionName: 'pod' } };
    assert.equal(joinTwice(pod, named, settingsOf(settings)), undefined);
  });
});
