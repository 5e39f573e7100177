// Roles by their names, before and after it is known whose they are.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Answer, Lookup } from '../../src/accounts/lookup.ts';
import { withRoleOwner } from '../../src/accounts/role-owner-lookup.ts';
import type { RoleOwner } from '../../src/identity/compose-role-arn.ts';
import { completeIdentity, parseIdentity } from '../../src/identity/identity.ts';
import { defaults, identity, noDeadline } from '../admission/reviews.ts';

const cart = { namespace: 'shop', name: 'cart' };
const owner: RoleOwner = { accountId: '111122223333', partition: 'aws-cn' };
const byName: Answer = { ...identity, roleArn: 'team/cart' };

function lookupOf(answer: Answer | Promise<Answer>, known?: RoleOwner): Lookup {
  return withRoleOwner({ accounts: () => answer, owner: () => known, annotationPrefix: defaults.annotationPrefix });
}

describe('accounts/role-owner-lookup', () => {
  it('faults a role by its name as long as nobody knows whose it is', () => {
    assert.deepEqual(lookupOf(byName)(cart, noDeadline), {
      kind: 'fault',
      reason: 'lookup_failed',
      message:
        'service account shop/cart names its role without an ARN, and the AWS account is not known: ' +
        'instance metadata has not told it yet; give --aws-account-id',
    });
  });

  it('completes it from then on', async () => {
    const expected = { ...identity, roleArn: 'arn:aws-cn:iam::111122223333:role/team/cart' };
    assert.deepEqual(lookupOf(byName, owner)(cart, noDeadline), expected);
    assert.deepEqual(await lookupOf(Promise.resolve(byName), owner)(cart, noDeadline), expected);
  });

  it('gives the same identity for the same one', () => {
    const lookup = lookupOf(byName, owner);
    assert.equal(lookup(cart, noDeadline), lookup(cart, noDeadline));
  });

  for (const known of [undefined, owner]) {
    it(`leaves all else alone, the owner being ${known ? 'known' : 'unknown'}`, () => {
      const none: Answer = { kind: 'none', reason: 'no_role_annotation', warnings: [] };
      const fault: Answer = { kind: 'fault', reason: 'lookup_timeout', message: 'late' };
      for (const answer of [identity, { ...identity, roleArn: 'not arn:' }, none, fault] as const) {
        assert.equal(lookupOf(answer, known)(cart, noDeadline), answer);
      }
    });
  }

  it('makes of any annotation what a flag would have made of it', () => {
    const role = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('/', ' ', 'a', 'r', 'n', ':') }),
      fc.constantFrom('team/cart', identity.roleArn),
    );
    fc.assert(
      fc.property(role, fc.constantFrom('900', 'soon'), (roleArn, tokenExpiration) => {
        const annotations = {
          'eks.amazonaws.com/role-arn': roleArn,
          'eks.amazonaws.com/token-expiration': tokenExpiration,
        };
        const later = parseIdentity(annotations, { ...defaults, roleOwner: 'later' });
        assert.deepEqual(
          later.kind === 'identity' ? completeIdentity(later, owner, defaults.annotationPrefix) : later,
          parseIdentity(annotations, { ...defaults, roleOwner: owner }),
        );
      }),
    );
  });
});
