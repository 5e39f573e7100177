// What the debugging endpoint shows.
import assert from 'node:assert/strict';
import type { Answer } from '../../src/accounts/lookup.ts';
import { describePromises } from '../../src/accounts/known-promises.ts';
import { parseContainerCredentials } from '../../src/identity/container-credentials.ts';
import { parseRoleMap } from '../../src/identity/role-map.ts';
import { defaults, identity, roleArn } from '../admission/reviews.ts';

describe('accounts/known-promises', () => {
  it('are JSON, with the fields of the Go webhook', () => {
    const hostile = 'shop/"\n</script>';
    const text = [
      ...describePromises({
        accounts: new Map<string, Answer>([
          ['shop/cart', identity],
          [hostile, { kind: 'none', reason: 'no_role_annotation', warnings: [] }],
        ]),
        roleMap: parseRoleMap(
          `{"a/b": {"RoleARN": "${roleArn}"}, "*/c": {"RoleARN": ""}, "x-*/*": {"RoleARN": "r"}}`,
          defaults,
        ),
        containerCredentials: parseContainerCredentials('{"identities": [{"namespace": "n", "serviceAccount": "s"}]}'),
      }),
    ].join('');
    const entry = { RoleARN: roleArn, Audience: 'sts.amazonaws.com', UseRegionalSTS: false, TokenExpiration: 86_400 };
    const warnings = ['ConfigMap entry "x-*/*": RoleARN "r" is not the ARN of a role; it is given as it is'];
    assert.deepEqual(JSON.parse(text), {
      serviceAccounts: { 'shop/cart': entry, [hostile]: { reason: 'no_role_annotation' } },
      roleMap: {
        'a/b': entry,
        '*/c': { reason: 'blank_role_map_entry' },
        'x-*/*': { ...entry, RoleARN: 'r', warnings },
      },
      containerCredentials: { n: ['s'] },
    });
  });

  it('are JSON where nothing is known', () => {
    const nothing = { accounts: new Map(), roleMap: undefined, containerCredentials: new Map() };
    assert.deepEqual(JSON.parse([...describePromises(nothing)].join('')), {
      serviceAccounts: {},
      roleMap: {},
      containerCredentials: {},
    });
  });
});
