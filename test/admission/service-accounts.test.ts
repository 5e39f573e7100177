// What is said of a service account when it is written, and what is none of this entry's business.
import assert from 'node:assert/strict';
import type { Outcome } from '../../src/admission/outcomes.ts';
import type { ReviewRequest } from '../../src/admission/review.ts';
import { accountNames, createServiceAccountReview } from '../../src/admission/service-accounts.ts';
import { createAccount, createRequest, defaults, roleArn } from './reviews.ts';

const prefix = 'eks.amazonaws.com';
const soon = { [`${prefix}/role-arn`]: roleArn, [`${prefix}/token-expiration`]: 'soon' };
const soonWarning = `account annotation ${prefix}/token-expiration: "soon" is not a whole number of seconds; 86400 is used`;

function decide(request: Partial<ReviewRequest>, changes: Partial<typeof defaults> = {}) {
  const review = createServiceAccountReview({ ...defaults, ...changes });
  return review(createRequest({ kind: '/v1/ServiceAccount', object: createAccount(soon), ...request }));
}

const answer = (outcome: Outcome, warnings: readonly string[]) => ({
  kind: 'answer',
  outcome,
  operations: [],
  warnings,
});

describe('admission/service-accounts', () => {
  for (const operation of ['CREATE', 'UPDATE', undefined]) {
    it(`warns at ${String(operation)} of what its pods would be warned of`, () => {
      assert.deepEqual(decide({ operation }), answer('account_checked', [soonWarning]));
    });
  }

  it('judges a review that names no kind by its object', () => {
    assert.deepEqual(decide({ kind: undefined }), answer('account_checked', [soonWarning]));
  });

  const accounts: readonly (readonly [name: string, object: unknown, warnings: readonly string[]])[] = [
    ['with good annotations', createAccount({ [`${prefix}/role-arn`]: roleArn }), []],
    ['without any', createAccount({}), []],
    ['without metadata', { kind: 'ServiceAccount' }, []],
    ['with metadata that is no object', { metadata: 7 }, []],
    [
      'with a role that is no ARN',
      createAccount({ [`${prefix}/role-arn`]: 'cart' }),
      [`account annotation ${prefix}/role-arn: "cart" is not the ARN of a role; it is given as it is`],
    ],
    [
      'with a slip for a role, and so without one',
      createAccount({ [`${prefix}/role_arn`]: roleArn }),
      [`account annotation "${prefix}/role_arn" is not read; a role is given by ${prefix}/role-arn`],
    ],
    [
      'with a blank role, and so without one',
      createAccount({ [`${prefix}/role-arn`]: ' ' }),
      [`account annotation ${prefix}/role-arn: " " is blank; no identity is given`],
    ],
  ];
  for (const [name, object, warnings] of accounts) {
    it(`allows an account ${name}`, () => {
      assert.deepEqual(decide({ object }), answer('account_checked', warnings));
    });
  }

  it('goes by the defaults of pods: the prefix, and whose a role without an ARN is', () => {
    assert.deepEqual(decide({}, { annotationPrefix: 'example.com' }).warnings, [
      `account annotation "${prefix}/role-arn" is not read; a role is given by example.com/role-arn`,
    ]);
    const object = createAccount({ [`${prefix}/role-arn`]: 'cart' });
    const roleOwner = { accountId: '111122223333', partition: 'aws' };
    assert.deepEqual(decide({ object }, { roleOwner }).warnings, []);
  });

  const others: readonly (readonly [name: string, request: Partial<ReviewRequest>])[] = [
    ['DELETE, which has no object', { operation: 'DELETE', object: null }],
    ['DELETE with an object', { operation: 'DELETE' }],
    ['CONNECT', { operation: 'CONNECT' }],
    ['a pod', { kind: '/v1/Pod' }],
    ['an account of another group', { kind: 'example.com/v1/ServiceAccount' }],
    ['a token', { kind: 'authentication.k8s.io/v1/TokenRequest', subResource: 'token' }],
    ['a subresource that has the account for an object', { subResource: 'status' }],
    ['no object', { object: undefined }],
    ['a list for an object', { object: [] }],
  ];
  for (const [name, request] of others) {
    it(`has nothing to say of ${name}`, () => {
      assert.deepEqual(decide(request), answer('nothing_to_check', []));
    });
  }

  it('accountNames finds the name, or the beginning of one', () => {
    assert.deepEqual(accountNames(createAccount({})), { pod: undefined, account: 'cart' });
    assert.deepEqual(accountNames({ metadata: { generateName: 'cart-' } }), { pod: undefined, account: 'cart-' });
    for (const object of [undefined, [], { metadata: { name: 7 } }, null]) {
      assert.deepEqual(accountNames(object), { pod: undefined, account: undefined });
    }
  });
});
