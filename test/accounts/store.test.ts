// What the store keeps of accounts, what they share, and what is counted.
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createAccountStore, type AccountStore } from '../../src/accounts/store.ts';
import { parseIdentity } from '../../src/identity/identity.ts';
import type { JsonObject } from '../../src/identity/json.ts';
import { defaults, identity, roleArn } from '../admission/reviews.ts';

const cart = { namespace: 'shop', name: 'cart' };

function create(): AccountStore {
  return createAccountStore((annotations) => parseIdentity(annotations, defaults), defaults.annotationPrefix);
}

function account(values?: Readonly<Record<string, unknown>>): JsonObject {
  if (values === undefined) return { metadata: cart };
  const annotations: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) annotations[`eks.amazonaws.com/${name}`] = value;
  return { metadata: { ...cart, annotations } };
}

describe('accounts/store', () => {
  it('answers what an account promises, and undefined where there is none', () => {
    const store = create();
    store.reflection.set(cart, store.project(account({ 'role-arn': roleArn })));
    assert.deepEqual(store.find(cart), identity);
    for (const other of [
      { namespace: 'shop', name: 'other' },
      { namespace: 'other', name: 'cart' },
      { namespace: 'shop/cart', name: '' },
      { namespace: '__proto__', name: 'toString' },
    ]) {
      assert.equal(store.find(other), undefined);
    }
  });

  it('shows nothing of a list before its last page, and then nothing of what was before', () => {
    const store = create();
    store.reflection.set({ namespace: 'shop', name: 'gone' }, store.project(account()));
    const next = store.reflection.begin();
    next.add(cart, store.project(account({ 'role-arn': roleArn })));
    assert.equal(store.find(cart), undefined);
    assert.equal(store.isComplete(), false);
    next.commit();
    assert.deepEqual(store.find(cart), identity);
    assert.equal(store.find({ namespace: 'shop', name: 'gone' }), undefined);
    assert.equal(store.isComplete(), true);
    assert.deepEqual(store.counts(), { role: 1, bare: 0 });
  });

  it('shares one promise among all accounts without anything of ours', () => {
    const store = create();
    const bare = [
      account(),
      account({}),
      account({ unrelated: 'x' }),
      { metadata: { ...cart, annotations: [1] } },
      { metadata: 1 },
      {},
    ].map((object) => store.project(object));
    assert.equal(bare[0]?.kind, 'none');
    assert.equal(new Set(bare).size, 1);
  });

  it('keeps what a bare account says of tokens', () => {
    const store = create();
    const promise = store.project(account({ 'token-expiration': '900' }));
    assert.ok(promise.kind === 'none');
    assert.equal(promise.preferences?.tokenExpirationSeconds, 900);
    const blank = store.project(account({ 'role-arn': ' ' }));
    assert.ok(blank.kind === 'none');
    assert.equal(blank.reason, 'blank_role_annotation');
  });

  it('shares texts that are equal, and leaves alone what is no text', () => {
    const seen: (JsonObject | undefined)[] = [];
    const store = createAccountStore((annotations) => {
      seen.push(annotations);
      return parseIdentity(annotations, defaults);
    }, defaults.annotationPrefix);
    const long = 'x'.repeat(1_000_000);
    for (let count = 0; count < 3_000; count += 1) {
      const promise = store.project(account({ 'role-arn': `${roleArn}-${String(count)}`, audience: 1, note: long }));
      assert.ok(promise.kind === 'identity');
      assert.equal(promise.roleArn, `${roleArn}-${String(count)}`);
      assert.equal(promise.audience, 'sts.amazonaws.com');
    }
    assert.deepEqual(seen.at(-1), {
      'eks.amazonaws.com/role-arn': `${roleArn}-2999`,
      'eks.amazonaws.com/note': long,
    });
  });

  it('keeps nothing of what others say of an account', () => {
    setFlagsFromString('--expose-gc');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the flag promises
    const collect = runInNewContext('gc') as () => void;
    const heapBytes = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const store = create();
    const before = heapBytes();
    for (let count = 0; count < 1_000; count += 1) {
      // One that is as long as an ARN may be, and no other account's.
      const configuration = JSON.stringify({ name: `a${String(count)}`, note: 'x'.repeat(2_000) });
      const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': configuration };
      assert.equal(store.project({ metadata: { ...cart, annotations } }).kind, 'none');
    }
    const keptBytes = heapBytes() - before;
    assert.ok(keptBytes < 500_000, `${String(keptBytes)} bytes`);
    // It is to be alive until here.
    assert.equal(store.isComplete(), false);
  });

  it('counts accounts with a role and without, through every change', () => {
    const store = create();
    const role = store.project(account({ 'role-arn': roleArn }));
    const bare = store.project(account());
    const { reflection } = store;
    const countsAfter = (change: () => void): readonly number[] => {
      change();
      const { role: withRole, bare: without } = store.counts();
      return [withRole, without];
    };
    assert.deepEqual(
      [
        countsAfter(() => reflection.set(cart, bare)),
        countsAfter(() => reflection.set(cart, role)),
        countsAfter(() => reflection.set(cart, role)),
        countsAfter(() => reflection.set({ namespace: 'shop', name: 'b' }, bare)),
        countsAfter(() => reflection.delete({ namespace: 'other', name: 'cart' })),
        countsAfter(() => reflection.delete({ namespace: 'shop', name: 'other' })),
        countsAfter(() => reflection.delete(cart)),
        countsAfter(() => reflection.delete({ namespace: 'shop', name: 'b' })),
      ],
      [
        [0, 1],
        [1, 0],
        [1, 0],
        [1, 1],
        [1, 1],
        [1, 1],
        [0, 1],
        [0, 0],
      ],
    );
  });
});
