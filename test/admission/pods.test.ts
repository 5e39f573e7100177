// The decision on a review: which are ours, which account is asked, and what comes of each answer.
import assert from 'node:assert/strict';
import type { ReadConfigMaps } from '../../src/accounts/config-maps.ts';
import type { Answer, Lookup } from '../../src/accounts/lookup.ts';
import type { ReadNamespaceOptOut } from '../../src/accounts/namespaces.ts';
import type { AccountRef } from '../../src/identity/account-ref.ts';
import { type Outcome, outcomeSentences } from '../../src/admission/outcomes.ts';
import type { JsonObject } from '../../src/identity/json.ts';
import type { Decision } from '../../src/admission/decision.ts';
import { createPodReview, podNames } from '../../src/admission/pods.ts';
import type { ReviewRequest } from '../../src/admission/review.ts';
import { createPod, createRequest, identity, identityAtHand, noDeadline, roleArn, settings } from './reviews.ts';

/** The decision of a source that answers at once; the test fails where it is a promise. */
function decide(request: Partial<ReviewRequest>, lookup: Lookup = identityAtHand): Decision {
  const decision = createPodReview({ lookup, settings })(createRequest(request), noDeadline);
  assert.ok(!(decision instanceof Promise), 'expected a decision without a promise');
  return decision;
}

const neverAsked: Lookup = () => assert.fail('no account should be asked for');

const untouched = (outcome: Outcome): Decision => ({ kind: 'answer', outcome, operations: [], warnings: [] });

const warningAccount: Lookup = () => ({ ...identity, warnings: ['of the account'] });

const longRole: Lookup = () => ({ ...identity, roleArn: 'a'.repeat(250_000) });

/** The decision on a pod of so many containers, each of three bytes. */
function decideOf(containers: number, lookup = identityAtHand): Decision {
  return decide({ object: createPod({ containers: Array.from({ length: containers }, () => ({})) }) }, lookup);
}

/** A pod with the label or annotation that opts out. */
function optedOut(field: 'labels' | 'annotations', value: string): JsonObject {
  return { ...createPod(), metadata: { [field]: { 'eks.amazonaws.com/skip-pod-identity-webhook': value } } };
}

const noRole: Lookup = () => ({ kind: 'none', reason: 'no_role_annotation', warnings: [] });
const neverRead: ReadConfigMaps = async () => assert.fail('no ConfigMap should be read');

/** A pod whose container has these ConfigMaps in its envFrom. */
function envFrom(...names: string[]): JsonObject {
  return createPod({ containers: [{ name: 'app', envFrom: names.map((name) => ({ configMapRef: { name } })) }] });
}

function reviewWith(readConfigMaps: ReadConfigMaps, object: JsonObject): Decision | Promise<Decision> {
  return createPodReview({ lookup: identityAtHand, settings, readConfigMaps })(createRequest({ object }), noDeadline);
}

/** The volumes of a pod that was created with the identity. */
function running(): JsonObject {
  const created = decide({});
  assert.ok(created.kind === 'answer');
  return { volumes: created.operations.find(({ path }) => path === '/spec/volumes')?.value };
}

describe('admission/pods', () => {
  const notOurs: readonly (readonly [name: string, request: Partial<ReviewRequest>, outcome: Outcome])[] = [
    ['UPDATE', { operation: 'UPDATE' }, 'operation_not_create'],
    ['DELETE, which has no object', { operation: 'DELETE', object: null }, 'operation_not_create'],
    ['CONNECT', { operation: 'CONNECT', object: { kind: 'PodExecOptions' } }, 'operation_not_create'],
    ['an operation in lower case', { operation: 'create' }, 'operation_not_create'],
    ['a Deployment', { kind: 'apps/v1/Deployment' }, 'kind_not_pod'],
    ['a Pod of another group', { kind: 'example.com/v1/Pod' }, 'kind_not_pod'],
    ['a Pod of another version', { kind: '/v2/Pod' }, 'kind_not_pod'],
    ['a binding', { subResource: 'binding' }, 'kind_not_pod'],
    ['a binding that names no operation', { subResource: 'binding', operation: undefined }, 'kind_not_pod'],
    ['ephemeral containers in a CREATE', { subResource: 'ephemeralcontainers' }, 'operation_not_create'],
    ['no object', { object: undefined }, 'malformed_pod'],
    ['a list for an object', { object: [] }, 'malformed_pod'],
    ['a pod without a spec', { object: { kind: 'Pod' } }, 'malformed_pod'],
    ['a pod with a text for a spec', { object: { spec: 'none' } }, 'malformed_pod'],
    ['a pod with the label that opts out', { object: optedOut('labels', 'false') }, 'opted_out_by_pod'],
    ['a pod with the annotation that opts out', { object: optedOut('annotations', 'true') }, 'opted_out_by_pod'],
    ['a mirror pod, which has no account', { object: createPod({ serviceAccountName: '' }) }, 'no_service_account'],
    ['an account name that is a number', { object: createPod({ serviceAccountName: 7 }) }, 'no_service_account'],
  ];
  for (const [name, request, outcome] of notOurs) {
    it(`leaves alone ${name}: ${outcome}`, () => {
      assert.deepEqual(decide(request, neverAsked), untouched(outcome));
    });
  }

  describe('a pod whose patch would fill the memory', () => {
    it('is a fault before anything of the patch is made', () => {
      const decision = decideOf(100_000);
      assert.ok(decision.kind === 'fault');
      assert.equal(decision.outcome, 'pod_too_large');
      assert.match(
        decision.message,
        /^the pod has so many containers that its patch would take \d+ bytes, of at most 4194304$/,
      );
    });

    it('is one, too, with fewer containers and a role of a quarter of a megabyte', () => {
      assert.equal(decideOf(17, longRole).outcome, 'pod_too_large');
      assert.equal(decideOf(16, longRole).outcome, 'injected');
    });

    it('is one, too, where containers are added to a pod', () => {
      const ephemeralContainers = Array.from({ length: 100_000 }, () => ({}));
      const request = { operation: 'UPDATE', subResource: 'ephemeralcontainers', oldObject: createPod() };
      assert.equal(decide({ ...request, object: createPod({ ephemeralContainers }) }).outcome, 'pod_too_large');
    });

    it('never has more bytes than were reckoned with', () => {
      const decision = decideOf(3_000);
      assert.ok(decision.kind === 'answer');
      const bytes = JSON.stringify(decision.operations).length;
      assert.ok(bytes > 1_000_000 && bytes < 4 * 1024 * 1024, `got ${String(bytes)} bytes`);
      assert.ok(bytes / 3_000 < 600 + 2 * settings.mountPath.length + roleArn.length);
    });
  });

  it('injects a pod whose account has a role', () => {
    const decision = decide({});
    assert.ok(decision.kind === 'answer');
    assert.equal(decision.outcome, 'injected');
    assert.equal(decision.roleArn, roleArn);
    assert.deepEqual(
      decision.operations.map(({ op, path }) => `${op} ${path}`),
      [
        'add /spec/volumes',
        'add /spec/containers/0/env',
        'add /spec/containers/0/env/-',
        'add /spec/containers/0/volumeMounts',
      ],
    );
  });

  it('decides a dry run as any other call', () => {
    assert.deepEqual(decide({ dryRun: true }), decide({ dryRun: false }));
  });

  it('takes a review without operation and kind for the creation of a pod', () => {
    assert.deepEqual(decide({ operation: undefined, kind: undefined }), decide({}));
  });

  it('asks for the account in the namespace of the request, never of the object', () => {
    const asked: AccountRef[] = [];
    const lookup: Lookup = (account) => {
      asked.push(account);
      return identity;
    };
    decide({ namespace: 'shop', object: { ...createPod(), metadata: { namespace: 'kube-system' } } }, lookup);
    decide({ namespace: 'shop', object: { ...createPod(), metadata: { generateName: 'cart-' } } }, lookup);
    assert.deepEqual(asked, [
      { namespace: 'shop', name: 'cart' },
      { namespace: 'shop', name: 'cart' },
    ]);
  });

  describe('where namespaces can opt out', () => {
    type OfNamespace = Awaited<ReturnType<ReadNamespaceOptOut>>;

    /** Decides at once and later, with an answer about the namespace that is at hand and with one that is not. */
    async function decideBoth(answer: OfNamespace, lookup: Lookup, object = createPod()): Promise<Decision> {
      const review = (readNamespaceOptOut: ReadNamespaceOptOut) =>
        createPodReview({ lookup, settings, readNamespaceOptOut })(createRequest({ object }), noDeadline);
      const decision = review(() => answer);
      assert.ok(!(decision instanceof Promise), 'expected a decision without a promise');
      const late = review(() => Promise.resolve(answer));
      assert.ok(late instanceof Promise);
      assert.deepEqual(await late, decision);
      return decision;
    }

    it('leaves a pod alone whose namespace does, and asks for no account', async () => {
      assert.deepEqual(await decideBoth({ optedOut: true }, neverAsked), untouched('opted_out_by_namespace'));
    });

    it('decides by the account where the namespace does not', async () => {
      assert.deepEqual(await decideBoth({ optedOut: false }, identityAtHand), decide({}));
    });

    it('makes no decision where nobody knows', async () => {
      const message = 'cannot read namespace shop';
      assert.deepEqual(await decideBoth({ kind: 'fault', reason: 'lookup_timeout', message }, neverAsked), {
        kind: 'fault',
        outcome: 'lookup_timeout',
        message,
      });
    });

    it('passes on the warning about the namespace, between those about pod and account', async () => {
      const key = 'eks.amazonaws.com/skip-pod-identity-webhook';
      const object = { ...createPod(), metadata: { annotations: { [key]: 'no' } } };
      const decision = await decideBoth({ optedOut: false, warning: 'of the namespace' }, warningAccount, object);
      assert.ok(decision.kind === 'answer');
      assert.deepEqual(decision.warnings, [
        `pod annotation ${key}: "no" is not a boolean; it does not opt out`,
        'of the namespace',
        'of the account',
      ]);
    });

    it('asks for the namespace of the request, within the deadline, and not where the pod itself opts out', () => {
      const asked: unknown[] = [];
      const readNamespaceOptOut: ReadNamespaceOptOut = (...question) => {
        asked.push(question);
        return { optedOut: true };
      };
      const review = createPodReview({ lookup: neverAsked, settings, readNamespaceOptOut });
      void review(createRequest({ object: { ...createPod(), metadata: { namespace: 'other' } } }), noDeadline);
      void review(createRequest({ object: optedOut('labels', '') }), noDeadline);
      void review(createRequest({ operation: 'DELETE' }), noDeadline);
      assert.deepEqual(asked, [['shop', noDeadline]]);
    });
  });

  it('hands the deadline to the lookup as it is', () => {
    const deadlines: unknown[] = [];
    decide({}, (_, deadline) => {
      deadlines.push(deadline);
      return identity;
    });
    assert.equal(deadlines[0], noDeadline);
  });

  it('passes on the warnings of the account before those of the pod', () => {
    const pod = { ...createPod(), metadata: { annotations: { 'eks.amazonaws.com/token-expiration': 'soon' } } };
    const decision = decide({ object: pod }, () => ({ ...identity, warnings: ['of the account'] }));
    assert.ok(decision.kind === 'answer');
    assert.equal(decision.warnings[0], 'of the account');
    assert.match(decision.warnings[1] ?? '', /^pod annotation /);
  });

  for (const reason of ['no_role_annotation', 'blank_role_annotation', 'service_account_not_found'] as const) {
    it(`leaves a pod alone and passes on the warnings where the answer is ${reason}`, () => {
      const answer: Answer = { kind: 'none', reason, warnings: ['why'] };
      assert.deepEqual(
        decide({}, () => answer),
        { ...untouched(reason), warnings: ['why'] },
      );
    });
  }

  for (const reason of ['lookup_failed', 'lookup_timeout'] as const) {
    it(`makes no decision where the answer is ${reason}`, () => {
      const message = 'cannot read service account shop/cart';
      assert.deepEqual(
        decide({}, () => ({ kind: 'fault', reason, message })),
        { kind: 'fault', outcome: reason, message },
      );
    });
  }

  it('answers by a promise where the lookup does, and not before it', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const decision = createPodReview({ lookup: () => promise, settings })(createRequest(), noDeadline);
    assert.ok(decision instanceof Promise);
    resolve(identity);
    assert.deepEqual(await decision, decide({}));
  });

  it('has a sentence of its own for each outcome', () => {
    const sentences = Object.values(outcomeSentences);
    assert.equal(new Set(sentences).size, sentences.length);
    for (const [outcome, sentence] of Object.entries(outcomeSentences)) {
      assert.match(outcome, /^[a-z]+(_[a-z]+)*$/);
      assert.match(sentence, /^[A-Z][^\n]{10,118}\.$/);
    }
  });

  describe('with --respect-env-from', () => {
    it('answers at once where no ConfigMap is named, or none that could matter', () => {
      const harmless = [{ prefix: 'APP_', configMapRef: { name: 'settings' } }, { secretRef: { name: 'secret' } }];
      for (const object of [createPod(), createPod({ containers: [{ name: 'app', envFrom: harmless }] })]) {
        const decision = reviewWith(neverRead, object);
        assert.ok(!(decision instanceof Promise));
        assert.equal(decision.outcome, 'injected');
      }
    });

    it('reads no ConfigMap for a pod whose account has no role', () => {
      const review = createPodReview({ lookup: noRole, settings, readConfigMaps: neverRead });
      assert.deepEqual(
        review(createRequest({ object: envFrom('settings') }), noDeadline),
        untouched('no_role_annotation'),
      );
    });

    it('asks for each ConfigMap once, in the namespace of the request, and counts what stands there', async () => {
      const asked: unknown[] = [];
      const reader: ReadConfigMaps = async (names, deadline) => {
        asked.push(names, deadline);
        return new Map([
          ['settings', { AWS_ROLE_ARN: 'own' }],
          ['more', undefined],
        ]);
      };
      const decision = await reviewWith(reader, envFrom('settings', 'more', 'settings'));
      assert.equal(decision.outcome, 'own_credentials');
      assert.deepEqual(asked, [{ namespace: 'shop', names: ['settings', 'more'] }, noDeadline]);
    });

    it('makes no decision where they cannot be read', async () => {
      const message = 'cannot read ConfigMap shop/settings';
      const reader: ReadConfigMaps = async () => ({ kind: 'fault', reason: 'lookup_timeout', message });
      const decision = await reviewWith(reader, envFrom('settings'));
      assert.deepEqual(decision, { kind: 'fault', outcome: 'lookup_timeout', message });
    });

    it('warns that env wins where a ConfigMap was not read', async () => {
      const decision = await reviewWith(async () => new Map(), envFrom('settings'));
      assert.ok(decision.kind === 'answer');
      assert.deepEqual(decision.warnings, [
        'container "app": AWS_* variables of envFrom are overridden by those given in env',
      ]);
    });
  });

  describe('containers that are added to a running pod', () => {
    const update = { operation: 'UPDATE', subResource: 'ephemeralcontainers' } as const;

    it('get the identity where the token is there', () => {
      const old = createPod(running());
      const object = createPod({ ...running(), ephemeralContainers: [{ name: 'debugger' }] });
      const decision = decide({ ...update, object, oldObject: old });
      assert.ok(decision.kind === 'answer');
      assert.equal(decision.outcome, 'injected');
      assert.ok(decision.operations.length > 0);
      for (const { path } of decision.operations) assert.match(path, /^\/spec\/ephemeralContainers\/0\//);
    });

    it('get nothing, and a warning, where it is not', () => {
      const object = createPod({ ephemeralContainers: [{ name: 'debugger' }] });
      const decision = decide({ ...update, object, oldObject: createPod() });
      assert.ok(decision.kind === 'answer');
      assert.equal(decision.outcome, 'no_token_volume');
      assert.deepEqual([decision.operations.length, decision.warnings.length], [0, 1]);
    });

    it('are left alone where the pod opts out', () => {
      assert.deepEqual(
        decide({ ...update, object: optedOut('labels', '') }, neverAsked),
        untouched('opted_out_by_pod'),
      );
    });

    it('are left alone where the request is no UPDATE, or of another kind', () => {
      for (const operation of ['CREATE', 'DELETE', 'CONNECT']) {
        assert.deepEqual(decide({ ...update, operation }, neverAsked), untouched('operation_not_create'));
      }
      assert.deepEqual(decide({ ...update, kind: '/v1/EphemeralContainers' }, neverAsked), untouched('kind_not_pod'));
    });
  });

  describe('podNames', () => {
    const named: readonly (readonly [object: unknown, pod: string | undefined, account: string | undefined])[] = [
      [createPod(), 'cart-0', 'cart'],
      [{ metadata: { generateName: 'cart-7d4b-' }, spec: {} }, 'cart-7d4b-', undefined],
      [{ metadata: { name: 7 }, spec: { serviceAccountName: {} } }, undefined, undefined],
      [undefined, undefined, undefined],
    ];
    for (const [object, pod, account] of named) {
      it(`finds ${String(pod)} and ${String(account)}`, () => {
        assert.deepEqual(podNames(object), { pod, account });
      });
    }
  });
});
