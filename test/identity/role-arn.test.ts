// What counts as the ARN of a role.
import assert from 'node:assert/strict';
import { isRoleArn } from '../../src/identity/role-arn.ts';

const longPath = 'a/'.repeat(150_000);

const right: readonly string[] = [
  ...['aws', 'aws-cn', 'aws-us-gov', 'aws-iso', 'aws-iso-b', 'aws-iso-e', 'aws-iso-f', 'aws-eusc', 'aws2'].map(
    (partition) => `arn:${partition}:iam::111122223333:role/app`,
  ),
  'arn:aws:iam::000000000000:role/a',
  'arn:aws:iam::111122223333:role/division/team/app',
  'arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS',
  'arn:aws:iam::111122223333:role/App_1+=,.@-',
  `arn:aws:iam::111122223333:role/${longPath}app`,
];

const wrong: readonly string[] = [
  '',
  'app',
  'role/app',
  'arn:aws:iam::111122223333:role/',
  'arn:aws:iam::111122223333:role',
  'arn:aws:iam::111122223333:user/app',
  'arn:aws:iam::111122223333:instance-profile/app',
  'arn:aws:iam::11112222333:role/app',
  'arn:aws:iam::1111222233334:role/app',
  'arn:aws:iam::1111-2222-3333:role/app',
  'arn:aws:iam::aws:role/app',
  'arn:aws:iam:eu-west-1:111122223333:role/app',
  'arn:aws:sts::111122223333:assumed-role/app/session',
  'arn:AWS:iam::111122223333:role/app',
  'arn:gcp:iam::111122223333:role/app',
  'ARN:aws:iam::111122223333:role/app',
  ' arn:aws:iam::111122223333:role/app',
  'arn:aws:iam::111122223333:role/app ',
  'arn:aws:iam::111122223333:role/app\n',
  'arn:aws:iam::111122223333:role/a b',
  'arn:aws:iam::111122223333:role/a*',
  'arn:aws:iam::111122223333:role/a:b',
  'arn:aws:iam::111122223333:role/\u00e4',
  'arn:aws:iam::\u0661\u0661\u0661\u0661\u0662\u0662\u0662\u0662\u0663\u0663\u0663\u0663:role/app',
  `arn:aws:iam::111122223333:role/${longPath} `,
];

describe('identity/role-arn', () => {
  for (const text of right) {
    it(`right: ${JSON.stringify(text.slice(0, 100))}`, () => {
      assert.equal(isRoleArn(text), true);
    });
  }

  for (const text of wrong) {
    it(`wrong: ${JSON.stringify(text.slice(0, 100))}`, () => {
      assert.equal(isRoleArn(text), false);
    });
  }
});
