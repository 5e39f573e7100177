// Roles by their names, before and after it is known whose they are.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Answer, Lookup } from '../../src/accounts/lookup.ts';
import { withRoleOwner } from '../../src/accounts/role-owner-lookup.ts';
import type { RoleOwner } from '../../src/identity/compose-role-arn.ts';
import { parseIdentity } from '../../src/identity/identity.ts';
import { defaults, identity, noDeadline } from '../admission/reviews.ts';

const cart = { namespace: 'shop', name: 'cart' };
const owner: RoleOwner = { accountId: '111122223333', partition: 'aws-cn' };
const annotated = (roleArn: string) => ({ 'eks.amazonaws.com/role-arn': roleArn });
const byName: Answer = parseIdentity(annotated('team/cart'), { ...defaults, roleOwner: 'later' });

function lookupOf(answer: Answer | Promise<Answer>, known?: RoleOwner): Lookup {
  return withRoleOwner({ accounts: () => answer, owner: () => known });
}

describe('accounts/role-owner-lookup', () => {
  it('faults a role by its name as long as nobody knows whose it is', () => {
    assert.deepEqual(lookupOf(byName)(cart, noDeadline), {
      kind: 'fault',
      reason: 'lookup_failed',
      message:
        'service account shop/cart names a role without an ARN, and the AWS account is not known: ' +
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

  it('makes of any annotations what a flag would have made of them', () => {
    const role = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('/', ' ', 'a', 'r', 'n', ':') }),
      fc.constantFrom('team/cart', 'a b', 'a'.repeat(2030), identity.roleArn),
    );
    const annotations = fc.record(
      {
        'eks.amazonaws.com/role-arn': role,
        'eks.amazonaws.com/container-roles': fc.oneof(
          role,
          role.map((value) => JSON.stringify({ app: value })),
        ),
        'eks.amazonaws.com/target-role-arn': role,
        'eks.amazonaws.com/token-expiration': fc.constantFrom('900', 'soon'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(annotations, (values) => {
        const later = parseIdentity(values, { ...defaults, roleOwner: 'later' });
        const whole = parseIdentity(values, { ...defaults, roleOwner: owner });
        assert.deepEqual(later.kind === 'identity' && later.withOwner ? later.withOwner(owner) : later, whole);
        assert.equal(later.warnings.length, whole.warnings.length);
      }),
    );
  });

  it('has nothing to say against a name, also beside a target', () => {
    const values = { ...annotated('team/cart'), 'eks.amazonaws.com/target-role-arn': identity.roleArn };
    assert.deepEqual(parseIdentity(values, { ...defaults, roleOwner: 'later' }).warnings, []);
    const wrong = parseIdentity(annotated('a b'), { ...defaults, roleOwner: 'later' });
    assert.match(wrong.warnings.join('\n'), /role-arn: "arn:aws:iam::0000.*" is not the ARN of a role/);
  });
});
