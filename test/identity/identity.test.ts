// What the annotations of an account promise.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { annotationNames } from '../../src/identity/annotations.ts';
import { type Identity, type IdentityDefaults, parseIdentity } from '../../src/identity/identity.ts';
import { asObject, type JsonObject } from '../../src/identity/json.ts';

const prefix = 'eks.amazonaws.com';
const roleArn = 'arn:aws:iam::111122223333:role/app';
const defaults: IdentityDefaults = {
  annotationPrefix: prefix,
  audience: 'sts.amazonaws.com',
  regionalSts: false,
  tokenExpirationSeconds: 86400,
};
/** What an account promises that has the role and nothing else. */
const plain: Identity = {
  kind: 'identity',
  roleArn,
  audience: 'sts.amazonaws.com',
  regionalSts: false,
  tokenExpirationSeconds: 86400,
  warnings: [],
};

/** Annotations by their names without the prefix. */
type Given = JsonObject;

function annotate(given: Given): Given {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [`${prefix}/${name}`, value]));
}

const account = `account annotation ${prefix}/`;

const rows: readonly (readonly [what: string, given: Given, expected: Partial<Identity>])[] = [
  ['a role', {}, {}],
  [
    'a role in another partition, with a path',
    { 'role-arn': 'arn:aws-cn:iam::111122223333:role/a/b' },
    { roleArn: 'arn:aws-cn:iam::111122223333:role/a/b' },
  ],
  [
    'a role that is not an ARN',
    { 'role-arn': 'app' },
    { roleArn: 'app', warnings: [`${account}role-arn: "app" is not the ARN of a role; it is given as it is`] },
  ],
  [
    'white space around the ARN',
    { 'role-arn': ` ${roleArn}\n` },
    {
      roleArn: ` ${roleArn}\n`,
      warnings: [`${account}role-arn: " arn:aws:iam::111122..." is not the ARN of a role; it is given as it is`],
    },
  ],
  ['an audience', { audience: 'https://example.com' }, { audience: 'https://example.com' }],
  ['an audience with white space around it', { audience: ' x ' }, { audience: ' x ' }],
  ['an empty audience', { audience: '' }, { warnings: [`${account}audience: "" is blank; sts.amazonaws.com is used`] }],
  [
    'a blank audience',
    { audience: ' \u00a0' },
    { warnings: [String.raw`${account}audience: " \u00a0" is blank; sts.amazonaws.com is used`] },
  ],
  ['regional STS', { 'sts-regional-endpoints': 'TRUE' }, { regionalSts: true }],
  ['no regional STS', { 'sts-regional-endpoints': 'f' }, {}],
  [
    'regional STS, wrong',
    { 'sts-regional-endpoints': 'yes' },
    { warnings: [`${account}sts-regional-endpoints: "yes" is not a boolean; false is used`] },
  ],
  [
    'regional STS, blank',
    { 'sts-regional-endpoints': '' },
    { warnings: [`${account}sts-regional-endpoints: "" is not a boolean; false is used`] },
  ],
  ['a lifetime', { 'token-expiration': '3600' }, { tokenExpirationSeconds: 3600 }],
  [
    'a lifetime below the minimum',
    { 'token-expiration': '60' },
    { tokenExpirationSeconds: 600, warnings: [`${account}token-expiration: "60" is below the minimum; 600 is used`] },
  ],
  [
    'a lifetime above the maximum',
    { 'token-expiration': '4294967297' },
    {
      tokenExpirationSeconds: 4294967296,
      warnings: [`${account}token-expiration: "4294967297" is above the maximum; 4294967296 is used`],
    },
  ],
  [
    'a lifetime, wrong',
    { 'token-expiration': '1h' },
    { warnings: [`${account}token-expiration: "1h" is not a whole number of seconds; 86400 is used`] },
  ],
  [
    'a lifetime, blank',
    { 'token-expiration': ' ' },
    { warnings: [`${account}token-expiration: " " is not a whole number of seconds; 86400 is used`] },
  ],
  [
    'all of them wrong',
    { 'role-arn': 'x', audience: '', 'sts-regional-endpoints': '2', 'token-expiration': '-' },
    {
      roleArn: 'x',
      warnings: [
        `${account}role-arn: "x" is not the ARN of a role; it is given as it is`,
        `${account}audience: "" is blank; sts.amazonaws.com is used`,
        `${account}sts-regional-endpoints: "2" is not a boolean; false is used`,
        `${account}token-expiration: "-" is not a whole number of seconds; 86400 is used`,
      ],
    },
  ],
  ['values that are not texts', { audience: 7, 'sts-regional-endpoints': true, 'token-expiration': 600 }, {}],
  ['annotations of the pod and of others', { 'skip-containers': 'app', 'role-arn ': 'x' }, {}],
  ['control characters', { audience: 'a\u0000b' }, { audience: 'a\u0000b' }],
  [
    'half a surrogate pair',
    { 'role-arn': '\ud800' },
    {
      roleArn: '\ud800',
      warnings: [String.raw`${account}role-arn: "\ud800" is not the ARN of a role; it is given as it is`],
    },
  ],
  [
    'a megabyte',
    { 'role-arn': 'r'.repeat(1_000_000) },
    {
      roleArn: 'r'.repeat(1_000_000),
      warnings: [`${account}role-arn: "${'r'.repeat(20)}..." is not the ARN of a role; it is given as it is`],
    },
  ],
];

const none: readonly (readonly [what: string, annotations: Given | undefined])[] = [
  ['no annotations', undefined],
  ['empty annotations', {}],
  ['others only', annotate({ audience: 'x', 'token-expiration': 'wrong' })],
  ['another prefix', { 'irsa.example.com/role-arn': roleArn }],
  ['a role that is not a text', annotate({ 'role-arn': null })],
  ['a role in an object that is no annotation', asObject(JSON.parse(`{"__proto__": {"${prefix}/role-arn": "x"}}`))],
];

describe('identity/identity', () => {
  for (const [what, given, expected] of rows) {
    it(`${what}: an identity${expected.warnings ? ' and a warning' : ''}`, () => {
      assert.deepEqual(parseIdentity(annotate({ 'role-arn': roleArn, ...given }), defaults), { ...plain, ...expected });
    });
  }

  for (const [what, annotations] of none) {
    it(`${what}: no_role_annotation`, () => {
      const { regionalSts, tokenExpirationSeconds } = defaults;
      const preferences = { regionalSts, tokenExpirationSeconds };
      const expected = { kind: 'none', reason: 'no_role_annotation', warnings: [], preferences };
      assert.deepEqual(parseIdentity(annotations, defaults), expected);
    });
  }

  for (const blank of ['', ' ', '\t\n', '\u00a0', '\ufeff']) {
    it(`a role of ${JSON.stringify(blank)}: blank_role_annotation and a warning`, () => {
      const answer = parseIdentity(annotate({ 'role-arn': blank, audience: '' }), defaults);
      assert.equal(answer.kind === 'none' && answer.reason, 'blank_role_annotation');
      assert.equal(answer.warnings.length, 1);
      assert.match(
        answer.warnings[0] ?? '',
        /^account annotation eks\.amazonaws\.com\/role-arn: "[ -~]*" is blank; no identity is given$/,
      );
    });
  }

  const meant: readonly (readonly [what: string, given: Given, warnings: readonly string[]])[] = [
    [
      'roles by container that cannot be read',
      { 'container-roles': '{', region: 'NOWHERE' },
      ['account annotation container-roles: "{" is not a JSON object of roles by container name; it is passed over'],
    ],
    [
      'a slip in the name of the role, and roles by container that cannot be read',
      { role: roleArn, 'container-roles': '[]' },
      [
        `account annotation "${prefix}/role" is not read; a role is given by ${prefix}/role-arn`,
        'account annotation container-roles: "[]" is not a JSON object of roles by container name; it is passed over',
      ],
    ],
  ];
  for (const [what, given, warnings] of meant) {
    it(`${what}: no role, and that is said`, () => {
      const answer = parseIdentity(annotate(given), defaults);
      assert.equal(answer.kind === 'none' && answer.reason, 'no_role_annotation');
      assert.deepEqual(answer.warnings, warnings);
    });
  }

  it('a blank role, and roles by container that cannot be read: a warning each', () => {
    const answer = parseIdentity(annotate({ 'role-arn': ' ', 'container-roles': 'x' }), defaults);
    assert.equal(answer.kind === 'none' && answer.reason, 'blank_role_annotation');
    assert.equal(answer.warnings.length, 2);
  });

  it('a name that every object has: no annotation', () => {
    const answer = parseIdentity({}, { ...defaults, annotationPrefix: '__proto__' });
    assert.equal(answer.kind, 'none');
  });

  it('where the account is silent or wrong, the flags apply', () => {
    const flags = { ...defaults, audience: 'flag', regionalSts: true, tokenExpirationSeconds: 7200 };
    const byFlag = { ...plain, audience: 'flag', regionalSts: true, tokenExpirationSeconds: 7200 };
    const wrong = { audience: ' ', 'sts-regional-endpoints': 'yes', 'token-expiration': '1h' };
    assert.deepEqual(parseIdentity(annotate({ 'role-arn': roleArn }), flags), byFlag);
    assert.deepEqual(parseIdentity(annotate({ 'role-arn': roleArn, ...wrong }), flags), {
      ...byFlag,
      warnings: [
        `${account}audience: " " is blank; flag is used`,
        `${account}sts-regional-endpoints: "yes" is not a boolean; true is used`,
        `${account}token-expiration: "1h" is not a whole number of seconds; 7200 is used`,
      ],
    });
  });

  it('where the account is right, the flags do not apply', () => {
    const flags = { ...defaults, audience: 'flag', regionalSts: true, tokenExpirationSeconds: 7200 };
    const right = { audience: 'own', 'sts-regional-endpoints': '0', 'token-expiration': '900' };
    assert.deepEqual(parseIdentity(annotate({ 'role-arn': roleArn, ...right }), flags), {
      ...plain,
      audience: 'own',
      tokenExpirationSeconds: 900,
    });
  });

  it('another prefix', () => {
    const annotations = {
      'irsa.example.com/role-arn': roleArn,
      'irsa.example.com/audience': '',
      [`${prefix}/audience`]: 'x',
    };
    assert.deepEqual(parseIdentity(annotations, { ...defaults, annotationPrefix: 'irsa.example.com' }), {
      ...plain,
      warnings: ['account annotation irsa.example.com/audience: "" is blank; sts.amazonaws.com is used'],
    });
  });

  it('whatever the annotations and flags: no throw, and warnings that the API server passes on', () => {
    const names = Object.values(annotationNames);
    const annotations = fc.dictionary(
      fc.constantFrom(...names),
      fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
    );
    const audiences = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(annotations, audiences, (given, audience) => {
        const { warnings } = parseIdentity(annotate(given), { ...defaults, audience });
        for (const warning of warnings) assert.match(warning, /^[ -~]{1,120}$/);
      }),
      { numRuns: 1000 },
    );
  });
});
