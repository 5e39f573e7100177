// Which accounts are answered from the store, which live, and what a failed read means, in each mode.
import assert from 'node:assert/strict';
import { createCachedLookup, type LiveLookups } from '../../src/accounts/cached-lookup.ts';
import type { Answer } from '../../src/accounts/lookup.ts';
import type { AccountPromise } from '../../src/accounts/manifest.ts';
import { withRoleMap } from '../../src/accounts/role-map-lookup.ts';
import { parseIdentity } from '../../src/identity/identity.ts';
import { parseRoleMap } from '../../src/identity/role-map.ts';
import { defaults, identity, noDeadline } from '../admission/reviews.ts';

const cart = { namespace: 'shop', name: 'cart' };
const bare = parseIdentity(undefined, defaults);
const otherRole = { ...identity, roleArn: 'arn:aws:iam::111122223333:role/changed' };
const missing: Answer = { kind: 'none', reason: 'service_account_not_found', warnings: [] };
const down: Answer = { kind: 'fault', reason: 'lookup_failed', message: 'down' };
const late: Answer = { kind: 'fault', reason: 'lookup_timeout', message: 'late' };

type Scene = {
  readonly mode: LiveLookups;
  readonly cached: AccountPromise | undefined;
  /** In the store once the read has ended. */
  readonly cachedAfter?: AccountPromise;
  readonly live: Answer;
  readonly isComplete?: boolean;
};

function create({ mode, cached, cachedAfter, live, isComplete = true }: Scene) {
  const told: string[] = [];
  let entry = cached;
  let reads = 0;
  let nowMs = 0;
  const lookup = createCachedLookup({
    mode,
    store: { find: () => entry, isComplete: () => isComplete },
    live: async () => {
      reads += 1;
      await Promise.resolve();
      entry = cachedAfter ?? entry;
      nowMs += 7;
      return live;
    },
    now: () => nowMs,
    onLiveLookup: (result, waitMs) => told.push(`${result} ${String(waitMs)}`),
  });
  return { lookup, told, reads: () => reads };
}

const cases: readonly (readonly [name: string, scene: Scene, expected: Answer, told: string | undefined])[] = [
  ['on: a role in the store', { mode: 'on', cached: identity, live: otherRole }, identity, undefined],
  ['on: a bare account', { mode: 'on', cached: bare, live: identity }, identity, 'role 7'],
  ['on: a bare account that still is', { mode: 'on', cached: bare, live: bare }, bare, 'bare 7'],
  ['on: an unknown account', { mode: 'on', cached: undefined, live: identity }, identity, 'role 7'],
  ['on: no account', { mode: 'on', cached: undefined, live: missing }, missing, 'not_found 7'],
  ['on: a bare account that has gone', { mode: 'on', cached: bare, live: missing }, missing, 'not_found 7'],
  ['on: a bare account, no answer', { mode: 'on', cached: bare, live: down }, down, 'failed 7'],
  ['on: no answer in time', { mode: 'on', cached: undefined, live: late }, late, 'timeout 7'],
  [
    'on: no answer, but the watch brought the role meanwhile',
    { mode: 'on', cached: bare, cachedAfter: identity, live: down },
    identity,
    'unverified 7',
  ],
  ['best-effort: a role in the store', { mode: 'best-effort', cached: identity, live: down }, identity, undefined],
  ['best-effort: a bare account', { mode: 'best-effort', cached: bare, live: identity }, identity, 'role 7'],
  ['best-effort: a bare account, no answer', { mode: 'best-effort', cached: bare, live: late }, bare, 'unverified 7'],
  [
    'best-effort: an unknown account, no answer',
    { mode: 'best-effort', cached: undefined, live: down },
    down,
    'failed 7',
  ],
  ['always: a role in the store', { mode: 'always', cached: identity, live: otherRole }, otherRole, 'role 7'],
  ['always: a role in the store, no answer', { mode: 'always', cached: identity, live: down }, down, 'failed 7'],
  ['off: a role in the store', { mode: 'off', cached: identity, live: otherRole }, identity, undefined],
  ['off: a bare account', { mode: 'off', cached: bare, live: identity }, bare, undefined],
  ['off: an unknown account', { mode: 'off', cached: undefined, live: identity }, missing, undefined],
];

describe('accounts/cached-lookup', () => {
  for (const [name, scene, expected, told] of cases) {
    it(`${name}: ${told ?? 'at once'}`, async () => {
      const cached = create(scene);
      const answer = cached.lookup(cart, noDeadline);
      assert.equal(answer instanceof Promise, told !== undefined);
      assert.deepEqual(await answer, expected);
      assert.deepEqual(cached.told, told === undefined ? [] : [told]);
      assert.equal(cached.reads(), cached.told.length);
    });
  }

  it('a review whose caller has gone meanwhile counts as no live read, and gets what the store has in its place', async () => {
    const gone = { ...noDeadline, callerGone: () => AbortSignal.abort() };
    const { lookup, told } = create({ mode: 'on', cached: bare, live: down });
    assert.deepEqual(await lookup(cart, gone), down);
    assert.deepEqual(told, []);
    const effort = create({ mode: 'best-effort', cached: bare, live: down });
    assert.deepEqual(await effort.lookup(cart, gone), bare);
    assert.deepEqual(effort.told, ['unverified 7']);
  });

  it('off: a fault, not "no such account", as long as the accounts have not been listed', () => {
    const { lookup } = create({ mode: 'off', cached: undefined, live: identity, isComplete: false });
    assert.deepEqual(lookup(cart, noDeadline), {
      kind: 'fault',
      reason: 'lookup_failed',
      message: 'cannot read service account shop/cart: the accounts have not been listed yet',
    });
  });

  it('names that no account can have are read by nobody', () => {
    const { lookup, reads } = create({ mode: 'on', cached: undefined, live: identity });
    for (const name of ['', '..', 'a/b', 'A']) {
      assert.deepEqual(lookup({ namespace: 'shop', name }, noDeadline), missing);
      assert.deepEqual(lookup({ namespace: name, name: 'cart' }, noDeadline), missing);
    }
    assert.equal(reads(), 0);
  });

  it('the role map counts only after the live read', async () => {
    const map = parseRoleMap('{"shop/cart":{"RoleARN":"arn:aws:iam::111122223333:role/mapped"}}', defaults);
    const roleOf = async (live: Answer): Promise<string> => {
      const lookup = withRoleMap(create({ mode: 'on', cached: bare, live }).lookup, () => map);
      const answer = await lookup(cart, noDeadline);
      return answer.kind === 'identity' ? (answer.roleArn ?? '').replace(/.*\//, '') : answer.kind;
    };
    assert.equal(await roleOf(bare), 'mapped');
    assert.equal(await roleOf(missing), 'mapped');
    assert.equal(await roleOf(otherRole), 'changed');
    assert.equal(await roleOf(down), 'fault');
  });
});
