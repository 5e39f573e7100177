// Which annotations look like the role of an account, and which belong to somebody else.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { asObject } from '../../src/identity/json.ts';
import { findRoleTypo } from '../../src/identity/role-typo.ts';
import { anyText, hostileTexts, titleOf } from './hostile-texts.ts';

const prefix = 'eks.amazonaws.com';
const right = `${prefix}/role-arn`;

describe('identity/role-typo', () => {
  const slips = [
    'role_arn',
    'role-arn',
    'roleArn',
    'ROLE-ARN',
    'role',
    'iam-role',
    'aws-role-arn',
    `${prefix}/role`,
    `${prefix}/role_arn`,
    `${prefix}/rolearn`,
    `${prefix}/Role-Arn`,
    `${prefix}/iam-role-arn`,
    'EKS.amazonaws.com/role-arn',
    'eks-amazonaws-com/role-arn',
    'eks.aws.amazon.com/role-arn',
    '/role-arn',
  ];
  for (const name of slips) {
    it(`${name} is a slip`, () => {
      assert.equal(
        findRoleTypo({ [name]: 'x' }, prefix),
        `account annotation "${name}" is not read; a role is given by ${right}`,
      );
    });
  }

  const others = [
    right,
    'iam.amazonaws.com/role',
    'example.com/role-arn',
    'eks.amazonaws.com.example.com/role-arn',
    `${prefix}/roles`,
    `${prefix}/role-arn-2-go`,
    `${prefix}/audience`,
    `${prefix}/target-role-arn`,
    `${prefix}/container-roles`,
    'description',
    `${'x'.repeat(400)}/role`,
    ...hostileTexts,
  ];
  for (const name of others) {
    it(`${titleOf(name)} is none`, () => {
      assert.equal(findRoleTypo(asObject(JSON.parse(`{${JSON.stringify(name)}:"x"}`)), prefix), undefined);
    });
  }

  it('with another prefix the usual one is a slip', () => {
    const warning = findRoleTypo({ [right]: 'x' }, 'irsa.example.com');
    assert.equal(warning, `account annotation "${right}" is not read; a role is given by irsa.example.com/role-arn`);
    assert.equal(findRoleTypo({ 'irsa.example.com/role-arn': 'x' }, 'irsa.example.com'), undefined);
  });

  it('no annotations: no slip', () => {
    assert.equal(findRoleTypo(undefined, prefix), undefined);
  });

  it('whatever the names and the prefix: a line that the API server passes on, or none', () => {
    const names = fc.oneof(
      anyText,
      fc.tuple(anyText, fc.constantFrom('role', 'role_arn')).map((parts) => parts.join('/')),
    );
    fc.assert(
      fc.property(fc.dictionary(names, anyText), fc.oneof(fc.constant(prefix), anyText), (annotations, anyPrefix) => {
        const warning = findRoleTypo(annotations, anyPrefix);
        if (warning !== undefined) assert.match(warning, /^[ -~]{1,120}$/);
      }),
      { numRuns: 1000 },
    );
  });
});
