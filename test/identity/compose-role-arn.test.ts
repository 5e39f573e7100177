// ARNs made of names, and the partitions that they are made for.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { composeRoleArn, isAccountId, isPartition, partitionOfRegion } from '../../src/identity/compose-role-arn.ts';
import { isRoleArn } from '../../src/identity/role-arn.ts';

const owner = { accountId: '111122223333', partition: 'aws' };

const composed: readonly (readonly [text: string, expected: string])[] = [
  ['app', 'arn:aws:iam::111122223333:role/app'],
  ['team/app', 'arn:aws:iam::111122223333:role/team/app'],
  ['/team/app', 'arn:aws:iam::111122223333:role/team/app'],
  ['//app', 'arn:aws:iam::111122223333:role/app'],
  ['team//app/', 'arn:aws:iam::111122223333:role/team//app/'],
  // As the Go webhook composes them: whoever reads them warns.
  ['role/app', 'arn:aws:iam::111122223333:role/role/app'],
  [' app', 'arn:aws:iam::111122223333:role/ app'],
  ['ARN:x', 'arn:aws:iam::111122223333:role/ARN:x'],
  ['arn', 'arn:aws:iam::111122223333:role/arn'],
];

const kept = [
  'arn:aws-cn:iam::444455556666:role/app',
  'arn:',
  'barn:x',
  ' arn:aws:iam::444455556666:role/app',
  '',
  ' ',
  '\u00a0\n',
  '/',
  '///',
  '/ ',
];

const regions: readonly (readonly [region: string, partition: string])[] = [
  ['us-east-1', 'aws'],
  ['eu-west-1', 'aws'],
  ['mx-central-1', 'aws'],
  ['cn-north-1', 'aws-cn'],
  ['cn-northwest-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
  ['us-iso-east-1', 'aws-iso'],
  ['us-isob-east-1', 'aws-iso-b'],
  ['eu-isoe-west-1', 'aws-iso-e'],
  ['us-isof-south-1', 'aws-iso-f'],
  ['eusc-de-east-1', 'aws-eusc'],
  ['', 'aws'],
  ['cnx', 'aws'],
  ['xcn-north-1', 'aws'],
  ['us-isolated-1', 'aws'],
];

describe('identity/compose-role-arn', () => {
  for (const [text, expected] of composed) {
    it(`${JSON.stringify(text)} becomes ${expected}`, () => {
      assert.equal(composeRoleArn(text, owner), expected);
    });
  }

  for (const text of kept) {
    it(`${JSON.stringify(text)} stays`, () => {
      assert.equal(composeRoleArn(text, owner), text);
    });
  }

  for (const [region, partition] of regions) {
    it(`region ${JSON.stringify(region)} is in ${partition}`, () => {
      assert.equal(partitionOfRegion(region), partition);
      assert.ok(isPartition(partition));
    });
  }

  it('a name or path that IAM takes makes an ARN, in every partition', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'Z', '0', '9', '+', '=', ',', '.', '@', '_', '-'),
      minLength: 1,
      maxLength: 64,
    });
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(path, fc.constantFrom('', '/'), fc.constantFrom(...regions), (text, slash, [, partition]) => {
        const arn = composeRoleArn(`${slash}${text}`, { accountId: '000000000001', partition });
        assert.equal(arn, `arn:${partition}:iam::000000000001:role/${text}`);
        assert.ok(isRoleArn(arn));
      }),
    );
  });

  it('composing twice is composing once', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('/', ' ', 'a', 'r', 'n', ':') })),
        (text) => {
          const once = composeRoleArn(text, owner);
          assert.equal(composeRoleArn(once, owner), once);
        },
      ),
    );
  });

  it('an account ID has 12 digits', () => {
    for (const text of ['111122223333', '000000000000']) assert.equal(isAccountId(text), true, text);
    for (const text of [
      '',
      '11112222333',
      '1111222233334',
      '1111-2222-3333',
      '11112222333x',
      '111122223333\n',
      ' 11112222333',
    ])
      assert.equal(isAccountId(text), false, JSON.stringify(text));
    assert.equal(isAccountId('\u0661'.repeat(12)), false);
  });

  it('a partition is aws and words after it', () => {
    for (const text of ['aws', 'aws-cn', 'aws-iso-f', 'aws-new9']) assert.equal(isPartition(text), true, text);
    for (const text of ['', 'AWS', 'awscn', 'aws-', 'aws--cn', 'aws-CN', 'cn', 'aws\n', 'aws:iam', 'xaws', ' aws'])
      assert.equal(isPartition(text), false, JSON.stringify(text));
  });
});
