// The fast form of a patch beside the readable one: whatever is joined is what inject gives.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Identity } from '../../src/identity/identity.ts';
import { asObject, type JsonObject } from '../../src/identity/json.ts';
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

/** Now and then something that a plain pod has not. */
function mostly<T>(plain: readonly T[], other: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 25, arbitrary: fc.constantFrom(...plain) }, fc.constantFrom(...other));
}

function maybe(arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 10, arbitrary: fc.constant(undefined) },
    { weight: 20, arbitrary },
    fc.constantFrom<unknown>(null, 'text', {}),
  );
}

const variable = mostly<unknown>(
  [{ name: 'A', value: 'b' }, { name: 'AW' }],
  [
    { name: 'AWS_ROLE_ARN', value: 'x' },
    { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: 'x' },
    { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'legacy' },
    { name: 'AWS_REGION', value: 'eu-west-1' },
    { name: 'AWS_DEFAULT_REGION', value: 'eu-west-1' },
    { name: 'AWS_USE_FIPS_ENDPOINT', value: 'false' },
    7,
  ],
);

const mountOf = ({ mountPath }: InjectionSettings): fc.Arbitrary<unknown> =>
  mostly<unknown>(
    [
      { name: 'data', mountPath: '/data' },
      { name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ],
    [
      { name: 'aws-iam-token', mountPath: '/elsewhere' },
      { name: 'data', mountPath },
      { name: 'data', mountPath: `/..//${mountPath}/./` },
      { name: 'data', mountPath: `${mountPath}/token` },
      { name: 'data', mountPath: '' },
      { name: 'data' },
      null,
    ],
  );

const containerOf = (settings: InjectionSettings): fc.Arbitrary<unknown> =>
  fc.record({
    name: fc.constantFrom('app', 'sidecar'),
    env: maybe(fc.array(variable, { maxLength: 3 })),
    volumeMounts: maybe(fc.array(mountOf(settings), { maxLength: 3 })),
    envFrom: mostly<unknown>([undefined, []], [[{ secretRef: { name: 'aws' } }]]),
  });

const volume = mostly<unknown>([{ name: 'data', emptyDir: {} }], [{ name: 'aws-iam-token', emptyDir: {} }, 'text']);

/** Pods of which a good part is plain, and the rest nearly so. */
const nearlyPlain = (settings: InjectionSettings): fc.Arbitrary<JsonObject> =>
  fc.record({
    metadata: mostly<unknown>(
      [{ name: 'pod' }, { annotations: { team: 'shop' } }, undefined],
      ['skip-containers', 'token-expiration', 'region', 'include-containers'].map((name) => ({
        annotations: { [`${settings.annotationPrefix}/${name}`]: 'app' },
      })),
    ),
    spec: fc.record({
      serviceAccountName: fc.constant('cart'),
      volumes: maybe(fc.array(volume, { maxLength: 3 })),
      initContainers: maybe(fc.array(containerOf(settings), { maxLength: 2 })),
      containers: fc.array(containerOf(settings), { minLength: 1, maxLength: 18 }).map((list) => list.slice(0, 17)),
      nodeSelector: mostly<unknown>([undefined, {}], [{ 'kubernetes.io/os': 'windows' }]),
    }),
  });

describe('admission/joined-patch', () => {
  it('is for every pod what inject gives, where it is anything', () => {
    let joinedPods = 0;
    const anyPod = podArbitrary({ wrongTypes: true });
    const cases = settingsArbitrary.map(settingsOf).chain((settings) =>
      fc.record({
        pod: fc.oneof({ weight: 4, arbitrary: nearlyPlain(settings) }, anyPod),
        identity: fc.oneof(identityArbitrary, fc.constant(plainIdentity)),
        settings: fc.constant(settings),
      }),
    );
    fc.assert(
      fc.property(cases, ({ pod, identity, settings }) => {
        const joined = joinTwice(pod, identity, settings);
        if (joined === undefined) return;
        joinedPods += 1;
        assertSame(joined, pod, identity, settings);
      }),
      runs,
    );
    assert.ok(joinedPods > runs.numRuns / 10, `only ${String(joinedPods)} pods were joined`);
  });

  it('is that for one pod after the other, too, where they share what is kept', () => {
    let joinedPods = 0;
    const cases = settingsArbitrary
      .map(settingsOf)
      .chain((settings) =>
        fc.record({ pods: fc.array(nearlyPlain(settings), { maxLength: 24 }), settings: fc.constant(settings) }),
      );
    fc.assert(
      fc.property(cases, ({ pods, settings }) => {
        const joinPatch = createPatchJoiner(settings);
        const identities = [plainIdentity, { ...plainIdentity, regionalSts: false }];
        for (const pod of pods) {
          for (const identity of identities) {
            const joined = joinPatch(pod, identity);
            if (joined === undefined) continue;
            joinedPods += 1;
            assertSame(joined, pod, identity, settings);
          }
        }
      }),
      { numRuns: 1_500 },
    );
    assert.ok(joinedPods > 1_000, `only ${String(joinedPods)} pods were joined`);
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
