// The role map behind the accounts, and container credentials before both.
import assert from 'node:assert/strict';
import { withContainerCredentials } from '../../src/accounts/container-credentials-lookup.ts';
import type { Answer, Lookup } from '../../src/accounts/lookup.ts';
import { withRoleMap } from '../../src/accounts/role-map-lookup.ts';
import { parseContainerCredentials } from '../../src/identity/container-credentials.ts';
import { parseRoleMap } from '../../src/identity/role-map.ts';
import { defaults, identity, noDeadline } from '../admission/reviews.ts';

const map = parseRoleMap(
  JSON.stringify({
    'shop/cart': { RoleARN: 'arn:aws:iam::111122223333:role/mapped', TokenExpiration: 3600, UseRegionalSTS: true },
    '*/any': { RoleARN: 'arn:aws:iam::111122223333:role/any', TokenExpiration: 7200 },
    'shop/exempt': {},
  }),
  defaults,
);
const cart = { namespace: 'shop', name: 'cart' };
const preferences = { regionalSts: false, tokenExpirationSeconds: 900 };
const noRole: Answer = { kind: 'none', reason: 'no_role_annotation', warnings: [], preferences };
const blank: Answer = { kind: 'none', reason: 'blank_role_annotation', warnings: ['blank'], preferences };
const missing: Answer = { kind: 'none', reason: 'service_account_not_found', warnings: [] };
const fault: Answer = { kind: 'fault', reason: 'lookup_failed', message: 'down' };

function roleOf(answer: Answer | Promise<Answer>): string {
  assert.ok(!(answer instanceof Promise));
  if (answer.kind === 'identity') return String(answer.roleArn).replace(/.*\//, '');
  return answer.kind === 'container_credentials' ? answer.kind : answer.reason;
}

describe('accounts: the role map', () => {
  for (const [what, own, expected] of [
    ['an account without a role', noRole, 'mapped'],
    ['an account with a blank role', blank, 'mapped'],
    ['an account that is not there', missing, 'mapped'],
    ['an account with a role, which is stronger', identity, identity.roleArn.replace(/.*\//, '')],
    ['an account that cannot be read, which may have a role', fault, 'lookup_failed'],
  ] as const) {
    it(`counts for ${what}: ${expected}`, () => {
      const lookup = withRoleMap(
        () => own,
        () => map,
      );
      assert.equal(roleOf(lookup(cart, noDeadline)), expected);
    });
  }

  it('exempts an account by an entry without a role', () => {
    const lookup = withRoleMap(
      () => noRole,
      () => map,
    );
    assert.equal(roleOf(lookup({ namespace: 'shop', name: 'exempt' }, noDeadline)), 'blank_role_map_entry');
    assert.equal(roleOf(lookup({ namespace: 'shop', name: 'other' }, noDeadline)), 'no_role_annotation');
  });

  it('is a fault, not "no role", as long as nobody knows it', () => {
    const unknown = withRoleMap(
      () => noRole,
      () => undefined,
    );
    assert.equal(roleOf(unknown(cart, noDeadline)), 'lookup_failed');
  });

  it('waits for an answer that is on its way', async () => {
    const lookup = withRoleMap(
      () => Promise.resolve(noRole),
      () => map,
    );
    assert.equal(roleOf(await lookup(cart, noDeadline)), 'mapped');
  });
});

describe('accounts: container credentials', () => {
  const listed = parseContainerCredentials(
    '{"identities":[{"namespace":"shop","serviceAccount":"cart"},{"namespace":"shop","serviceAccount":"any"}]}',
  );
  const lookup = (own: Answer): Lookup =>
    withContainerCredentials({
      listed: () => listed,
      accounts: () => own,
      roleMap: () => map,
      otherwise: () => identity,
    });

  for (const [what, account, own, expected] of [
    ['the account', cart, noRole, preferences],
    ['the account, whatever its role', cart, { ...identity, ...preferences }, preferences],
    ["the map's entry for just this account", cart, missing, { regionalSts: true, tokenExpirationSeconds: 3600 }],
    [
      'nothing, as an entry with wildcards does not count',
      { namespace: 'shop', name: 'any' },
      missing,
      { regionalSts: false, tokenExpirationSeconds: 86_400 },
    ],
  ] as const) {
    it(`take STS and expiration from ${what}`, () => {
      assert.deepEqual(lookup(own)(account, noDeadline), { kind: 'container_credentials', ...expected, warnings: [] });
    });
  }

  it('fail where the account cannot be read', () => {
    assert.equal(roleOf(lookup(fault)(cart, noDeadline)), 'lookup_failed');
  });

  it('leave other accounts to web identity', () => {
    assert.equal(lookup(missing)({ namespace: 'other', name: 'cart' }, noDeadline), identity);
  });
});
