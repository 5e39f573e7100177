// The role map: what an entry promises, which entry counts, and that a wrong map is refused whole.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Identity, IdentityDefaults } from '../../src/identity/identity.ts';
import { RoleMapError } from '../../src/identity/role-map-error.ts';
import { compareSpecificity, parseRoleMapKey, type RoleMapKey } from '../../src/identity/role-map-key.ts';
import {
  emptyRoleMap,
  findExactInRoleMap,
  findInRoleMap,
  maxRoleMapEntries,
  maxRoleMapGlobs,
  maxRoleMapLength,
  parseRoleMap,
  type RoleMap,
} from '../../src/identity/role-map.ts';

const roleArn = 'arn:aws:iam::111122223333:role/app';
const defaults: IdentityDefaults = {
  annotationPrefix: 'eks.amazonaws.com',
  audience: 'sts.example.com',
  regionalSts: true,
  tokenExpirationSeconds: 3600,
};
/** What an entry promises that has the role and nothing else. */
const plain: Identity = {
  kind: 'identity',
  roleArn,
  audience: 'sts.example.com',
  regionalSts: true,
  tokenExpirationSeconds: 3600,
  warnings: [],
};

/** An entry with a role that tells which it is. */
function roleFor(key: string): { RoleARN: string } {
  return { RoleARN: `arn:aws:iam::111122223333:role/${encodeURIComponent(key).replaceAll(/[^\w-]/g, '+')}` };
}

function mapOf(...keys: readonly string[]): RoleMap {
  return parseRoleMap(JSON.stringify(Object.fromEntries(keys.map((key) => [key, roleFor(key)]))), defaults);
}

function findRole(map: RoleMap, namespace: string, name: string): string | undefined {
  const found = findInRoleMap(map, { namespace, name });
  return found?.kind === 'identity' ? found.roleArn : undefined;
}

function keyOf(text: string): RoleMapKey {
  const key = parseRoleMapKey(text);
  assert.ok(key);
  return key;
}

/** Returns -1, 0 or 1. */
function sign(a: string, b: string): number {
  return Math.sign(compareSpecificity(keyOf(a), keyOf(b)));
}

/** A reference may be a regular expression: the keys it is made of are harmless. */
function matches(key: string, account: string): boolean {
  return new RegExp(`^${key.replaceAll(/\*+/g, '[ab]*')}$`).test(account);
}

/** A map of this many entries without a role. */
function mapWith(count: number, key: (index: number) => string): RoleMap {
  const members = Array.from({ length: count }, (_, index) => [key(index), {}]);
  return parseRoleMap(JSON.stringify(Object.fromEntries(members)), defaults);
}

const role = `"RoleARN":"${roleArn}"`;
const entries: readonly (readonly [what: string, entry: string, expected: Partial<Identity>])[] = [
  ['a role', `{${role}}`, {}],
  [
    'every field',
    `{${role},"Audience":"a","UseRegionalSTS":false,"TokenExpiration":900}`,
    { audience: 'a', regionalSts: false, tokenExpirationSeconds: 900 },
  ],
  [
    'fields in other letter cases',
    `{"rolearn":"${roleArn}","AUDIENCE":"a","useRegionalSts":false,"tokenexpiration":900}`,
    { audience: 'a', regionalSts: false, tokenExpirationSeconds: 900 },
  ],
  ['letters that fold into ASCII', `{${role},"U\u017feRegional\\u017fTS":false}`, { regionalSts: false }],
  ['a field twice', `{${role},"Audience":"a","audience":"b"}`, { audience: 'b' }],
  ['a field three times', `{${role},"Audience":"a","audience":"b","AUDIENCE":"c"}`, { audience: 'c' }],
  ['null after a value', `{${role},"Audience":"a","audience":null}`, { audience: 'a' }],
  ['null as every other field', `{${role},"Audience":null,"UseRegionalSTS":null,"TokenExpiration":null}`, {}],
  ['unknown fields', `{${role},"Role":1,"nested":{"Audience":"a"},"":[]}`, {}],
  ['an empty audience', `{${role},"Audience":""}`, {}],
  [
    'a blank audience',
    `{${role},"Audience":" \\n"}`,
    { warnings: ['ConfigMap entry "ns/app": Audience is blank; sts.example.com is used'] },
  ],
  ['an audience with white space around it', `{${role},"Audience":" a "}`, { audience: ' a ' }],
  ['the expiration 0', `{${role},"TokenExpiration":0}`, {}],
  ['the expiration -0', `{${role},"TokenExpiration":-0}`, {}],
  ['the shortest expiration', `{${role},"TokenExpiration":600}`, { tokenExpirationSeconds: 600 }],
  [
    'an expiration that is too short',
    `{${role},"TokenExpiration":100}`,
    {
      tokenExpirationSeconds: 600,
      warnings: ['ConfigMap entry "ns/app": TokenExpiration 100 is below the minimum; 600 is used'],
    },
  ],
  [
    'a negative expiration',
    `{${role},"TokenExpiration":-5}`,
    {
      tokenExpirationSeconds: 600,
      warnings: ['ConfigMap entry "ns/app": TokenExpiration -5 is below the minimum; 600 is used'],
    },
  ],
  ['the longest expiration', `{${role},"TokenExpiration":4294967296}`, { tokenExpirationSeconds: 4294967296 }],
  [
    'an expiration that is too long',
    `{${role},"TokenExpiration":4294967297}`,
    {
      tokenExpirationSeconds: 4294967296,
      warnings: ['ConfigMap entry "ns/app": TokenExpiration 4294967297 is above the maximum; 4294967296 is used'],
    },
  ],
  [
    'an expiration that is much too long',
    `{${role},"TokenExpiration":1e300}`,
    {
      tokenExpirationSeconds: 4294967296,
      warnings: ['ConfigMap entry "ns/app": TokenExpiration 1e+300 is above the maximum; 4294967296 is used'],
    },
  ],
  [
    'a role that is not an ARN',
    '{"RoleARN":"app"}',
    {
      roleArn: 'app',
      warnings: ['ConfigMap entry "ns/app": RoleARN "app" is not the ARN of a role; it is given as it is'],
    },
  ],
  [
    'a role with a line break',
    `{"RoleARN":"${roleArn}\\n"}`,
    {
      roleArn: `${roleArn}\n`,
      warnings: [
        String.raw`ConfigMap entry "ns/app": RoleARN "${roleArn}\n" is not the ARN of a role; it is given as it is`,
      ],
    },
  ],
  [
    'a role that is too long to show',
    `{"RoleARN":"${roleArn}s and more"}`,
    {
      roleArn: `${roleArn}s and more`,
      warnings: [
        'ConfigMap entry "ns/app": RoleARN "arn:aws:iam::1111222..." is not the ARN of a role; it is given as it is',
      ],
    },
  ],
];

const withoutRole: readonly (readonly [entry: string, warnings: readonly string[]])[] = [
  ['{}', []],
  ['{"RoleARN":""}', []],
  ['{"RoleARN":null,"Audience":"a"}', []],
  ['{"RoleARN":" \\t"}', ['ConfigMap entry "ns/app": RoleARN is blank; no identity is given']],
];

const wrongEntries: readonly (readonly [entry: string, message: string])[] = [
  ['null', 'expected an object in entry "ns/app" of the role map, got null'],
  ['[]', 'expected an object in entry "ns/app" of the role map, got a list'],
  [`"${roleArn}"`, 'expected an object in entry "ns/app" of the role map, got a string'],
  ['1', 'expected an object in entry "ns/app" of the role map, got a number'],
  ['{"RoleARN":1}', 'expected a string as RoleARN in entry "ns/app" of the role map, got a number'],
  ['{"rolearn":1,"RoleARN":"x"}', 'expected a string as RoleARN in entry "ns/app" of the role map, got a number'],
  ['{"RoleARN":["x"]}', 'expected a string as RoleARN in entry "ns/app" of the role map, got a list'],
  ['{"Audience":{}}', 'expected a string as Audience in entry "ns/app" of the role map, got an object'],
  [
    '{"UseRegionalSTS":"true"}',
    'expected true or false as UseRegionalSTS in entry "ns/app" of the role map, got a string',
  ],
  ['{"UseRegionalSTS":1}', 'expected true or false as UseRegionalSTS in entry "ns/app" of the role map, got a number'],
  ...(
    [
      ['"900"', 'a string'],
      ['true', 'a boolean'],
      ['900.5', 'the number 900.5'],
      ['1e999', 'the number Infinity'],
    ] as const
  ).map(
    ([value, got]) =>
      [
        `{"TokenExpiration":${value}}`,
        `expected a whole number of seconds as TokenExpiration in entry "ns/app" of the role map, got ${got}`,
      ] as const,
  ),
];

const wrongMaps: readonly (readonly [text: string, message: string])[] = [
  ['', 'expected JSON as the role map, got a text that is not: "Unexpected end of JSON input"'],
  ['[]', 'expected a JSON object as the role map, got a list'],
  ['"a/b"', 'expected a JSON object as the role map, got a string'],
  ['1', 'expected a JSON object as the role map, got a number'],
  ['true', 'expected a JSON object as the role map, got a boolean'],
  ['{"app":{}}', 'expected a key of the form namespace/name in entry "app" of the role map, got one without a slash'],
  ['{"":{}}', 'expected a key of the form namespace/name in entry "" of the role map, got one without a slash'],
  ['{"a/b":{},"a/b":null}', 'expected an object in entry "a/b" of the role map, got null'],
  ['{"a\\n\\ud800/b":0}', String.raw`expected an object in entry "a\n\ud800/b" of the role map, got a number`],
  [
    `{"${'x'.repeat(100_000)}/b":0}`,
    `expected an object in entry "${'x'.repeat(80)}..." of the role map, got a number`,
  ],
];

/** Keys of a map, an account, and the key that counts for it. */
const winners: readonly (readonly [keys: readonly string[], account: string, winner: string | undefined])[] = [
  [[], 'ns/app', undefined],
  [['ns/app'], 'ns/app', 'ns/app'],
  [['ns/app'], 'ns/apps', undefined],
  [['ns/app'], 'xns/app', undefined],
  [['*/app', 'ns/app'], 'ns/app', 'ns/app'],
  [['*/app', 'ns/app'], 'other/app', '*/app'],
  [['*/app', 'ns/app'], 'other/apps', undefined],
  [['**/app'], 'other/app', '**/app'],
  [['team-*/app-*'], 'team-a/app-b', 'team-*/app-*'],
  [['team-*/app-*'], 'team-a/job-b', undefined],
  [['team-*/app-*'], 'a/app-b', undefined],
  [['ns/*'], 'ns/app', 'ns/*'],
  [['*/*'], 'ns/app', '*/*'],
  [['*/*', '*/app', 'ns/*', 'ns/app'], 'ns/app', 'ns/app'],
  // Most literal characters.
  [['*/*', '*/app', 'ns/*'], 'ns/app', '*/app'],
  [['*/*', '*/app', 'team/*'], 'team/app', 'team/*'],
  [['*/*'], 'a/b', '*/*'],
  [['*-a/app', '*/app'], 'team-a/app', '*-a/app'],
  [['*/app-*', '*/app-x'], 'ns/app-x', '*/app-x'],
  [['t*m-*/app', '*/app'], 'team-a/app', 't*m-*/app'],
  // As many: fewest wildcards.
  [['te*/ap*', 'team/*'], 'team/ap', 'team/*'],
  [['*a*/x', '*a/x', 'a*/x*'], 'a/x', '*a/x'],
  [['ns*/app', 'ns/app'], 'ns/app', 'ns/app'],
  [['ns/app*', '*ns*/app', 'ns/app'], 'ns/app', 'ns/app'],
  // As many of both: more of the characters in the namespace.
  [['*/app', 'abc/*'], 'abc/app', 'abc/*'],
  [['a*/app*', 'ab*/ap*'], 'abc/app', 'ab*/ap*'],
  // As many there, too: alphabetical order.
  [['b*/app', '*b/app'], 'b/app', '*b/app'],
  [['a/p*', 'a/*p'], 'a/pp', 'a/*p'],
  [['te*/ap*', 'te*/*ap'], 'team/ap', 'te*/*ap'],
  // What comes after a second slash is passed over.
  [['a/b/c'], 'a/b', 'a/b/c'],
  [['a/b/c', 'a/b'], 'a/b', 'a/b'],
  [['a/b/d', 'a/b/c'], 'a/b', 'a/b/c'],
  [['a//b'], 'a/', 'a//b'],
  [['a//b'], 'a/b', undefined],
  [['*/b/c'], 'x/b', '*/b/c'],
  // Names are text, not places in an object.
  [['__proto__/constructor'], '__proto__/constructor', '__proto__/constructor'],
  [['*/__proto__'], 'ns/__proto__', '*/__proto__'],
  [['a/b'], '__proto__/toString', undefined],
];

describe('identity/role-map', () => {
  for (const [what, entry, expected] of entries) {
    it(`an entry with ${what}`, () => {
      const map = parseRoleMap(`{"ns/app":${entry}}`, defaults);
      assert.deepEqual(findInRoleMap(map, { namespace: 'ns', name: 'app' }), { ...plain, ...expected });
    });
  }

  for (const [entry, warnings] of withoutRole) {
    it(`the entry ${entry} hides less specific ones`, () => {
      const map = parseRoleMap(`{"*/app":{${role}},"n*/a*p":{${role}},"ns/app":${entry}}`, defaults);
      const found = findInRoleMap(map, { namespace: 'ns', name: 'app' });
      assert.deepEqual(found, { kind: 'none', reason: 'blank_role_map_entry', warnings });
      assert.equal(findRole(map, 'x', 'app'), roleArn);
    });
  }

  for (const [entry, message] of wrongEntries) {
    it(`an entry ${entry} refuses the whole map`, () => {
      const text = `{"a/b":{${role}},"ns/app":${entry},"c/d":{${role}}}`;
      assert.throws(() => parseRoleMap(text, defaults), { name: 'RoleMapError', code: 'ERR_ROLE_MAP', message });
    });
  }

  for (const [text, message] of wrongMaps) {
    it(`the text ${text.slice(0, 40)} is refused`, () => {
      assert.throws(() => parseRoleMap(text, defaults), { name: 'RoleMapError', code: 'ERR_ROLE_MAP', message });
    });
  }

  it('a byte order mark, a comment or a comma too many is refused', () => {
    for (const text of ['\ufeff{}', '{} //', '{"a/b":{},}', "{'a/b':{}}", '{}{}']) {
      assert.throws(() => parseRoleMap(text, defaults), { code: 'ERR_ROLE_MAP' }, text);
    }
  });

  it('null and an empty object promise nothing', () => {
    for (const text of ['null', '{}', ' {\n} ']) assert.deepEqual(parseRoleMap(text, defaults), emptyRoleMap);
  });

  for (const [keys, account, winner] of winners) {
    it(`of [${keys.join(', ')}] ${account} gets ${String(winner)}`, () => {
      const [namespace = '', name = ''] = account.split('/');
      const expected = winner === undefined ? undefined : roleFor(winner).RoleARN;
      assert.equal(findRole(mapOf(...keys), namespace, name), expected);
      assert.equal(findRole(mapOf(...keys.toReversed()), namespace, name), expected);
    });
  }

  it('a key that stands twice counts as its last', () => {
    const map = parseRoleMap(`{"a/b":{"RoleARN":"x","Audience":"y"},"a/b":{${role}}}`, defaults);
    assert.deepEqual(findInRoleMap(map, { namespace: 'a', name: 'b' }), plain);
  });

  it('a slash in a name leads to no other account', () => {
    const map = mapOf('a/b', 'a/b/c', '*/b');
    assert.equal(findRole(map, 'a', 'b/c'), undefined);
    assert.equal(findRole(map, '', 'a/b'), undefined);
    assert.equal(findRole(map, 'a/b', 'c'), undefined);
    assert.equal(findRole(map, 'a/b', ''), undefined);
  });

  it('only an exact key gives container credentials its settings, with or without a role', () => {
    const map = parseRoleMap('{"*/b":{"TokenExpiration":700},"a/*":{},"a/b":{"UseRegionalSTS":false}}', defaults);
    assert.equal(findExactInRoleMap(map, { namespace: 'x', name: 'b' }), undefined);
    assert.equal(findExactInRoleMap(map, { namespace: 'a', name: 'x' }), undefined);
    const { regionalSts, tokenExpirationSeconds } = findExactInRoleMap(map, { namespace: 'a', name: 'b' }) ?? {};
    assert.deepEqual([regionalSts, tokenExpirationSeconds], [false, 3600]);
  });

  const part = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 4 });
  const keyText = fc.tuple(part, part).map(([namespace, name]) => `${namespace}/${name}`);

  it('specificity is a total order', () => {
    fc.assert(
      fc.property(keyText, keyText, keyText, (first, second, third) => {
        assert.equal(sign(first, second), 0 - sign(second, first));
        assert.equal(sign(first, second) === 0, first === second);
        if (sign(first, second) <= 0 && sign(second, third) <= 0) assert.ok(sign(first, third) <= 0);
      }),
      { numRuns: 3000 },
    );
  });

  it('the most specific of all keys that match is found, whatever their order', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 });
    fc.assert(
      fc.property(fc.uniqueArray(keyText, { maxLength: 30 }), name, name, (keys, namespace, account) => {
        const [best] = keys
          .filter((key) => matches(key, `${namespace}/${account}`))
          .map(keyOf)
          .toSorted(compareSpecificity);
        const expected = best === undefined ? undefined : roleFor(best.text).RoleARN;
        assert.equal(findRole(mapOf(...keys), namespace, account), expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('hostile keys, names and values never do more than be refused in one short printable line', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('__proto__', 'constructor', '*/*', '__proto__/__proto__', '\u0000/\n', '\ud800/*', 'a/b', '*'),
    );
    const field = fc.constantFrom('RoleARN', 'rolearn', 'Audience', 'UseRegionalSTS', 'TokenExpiration', '__proto__');
    const value = fc.oneof(hostile, fc.constantFrom(null, true, 0, -1, 1e300, 0.5), fc.integer(), fc.jsonValue());
    const key = fc.oneof({ weight: 9, arbitrary: fc.tuple(hostile, hostile).map((parts) => parts.join('/')) }, hostile);
    const entry = fc.record(
      { RoleARN: hostile, Audience: hostile, TokenExpiration: fc.maxSafeInteger(), __proto__: hostile },
      { requiredKeys: [] },
    );
    const map = fc.dictionary(key, fc.oneof({ weight: 9, arbitrary: entry }, fc.dictionary(field, value), value));
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      map.map((object) => JSON.stringify(object)),
    );
    fc.assert(
      fc.property(text, hostile, hostile, (given, namespace, name) => {
        try {
          const found = findInRoleMap(parseRoleMap(given, defaults), { namespace, name });
          for (const warning of found?.warnings ?? []) assert.match(warning, /^[ -~]{1,120}$/);
        } catch (error) {
          assert.ok(error instanceof RoleMapError);
          assert.match(error.message, /^[ -~]{1,900}$/);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('a map in JSON is what its object says', () => {
    const map = fc.dictionary(
      keyText.filter((key) => !key.includes('*')),
      fc.record({
        RoleARN: fc.constantFrom('', roleArn),
        Audience: fc.string({ minLength: 1 }).filter((text) => text.trim() !== ''),
        UseRegionalSTS: fc.boolean(),
        TokenExpiration: fc.integer({ min: 600, max: 2 ** 32 }),
      }),
    );
    fc.assert(
      fc.property(map, fc.constantFrom(0, 2), (object, indent) => {
        const parsed = parseRoleMap(JSON.stringify(object, undefined, indent), defaults);
        for (const [key, entry] of Object.entries(object)) {
          const [namespace = '', name = ''] = key.split('/');
          const expected: unknown =
            entry.RoleARN === ''
              ? { kind: 'none', reason: 'blank_role_map_entry', warnings: [] }
              : {
                  kind: 'identity',
                  roleArn,
                  audience: entry.Audience,
                  regionalSts: entry.UseRegionalSTS,
                  tokenExpirationSeconds: entry.TokenExpiration,
                  warnings: [],
                };
          assert.deepEqual(findInRoleMap(parsed, { namespace, name }), expected);
        }
      }),
    );
  });

  it('as much text as a ConfigMap holds is read at once, and no more', () => {
    const start = performance.now();
    const padded = `{"a/b":{${role}}}`.padEnd(maxRoleMapLength);
    assert.equal(findRole(parseRoleMap(padded, defaults), 'a', 'b'), roleArn);
    const nested = `{"a/b":{"x":${'['.repeat(500_000)}${']'.repeat(500_000)},${role}}}`;
    assert.equal(findRole(parseRoleMap(nested, defaults), 'a', 'b'), roleArn);
    const longGlob = `${'*a'.repeat(200_000)}/${'*b'.repeat(200_000)}`;
    assert.equal(findRole(parseRoleMap(`{"${longGlob}":{${role}}}`, defaults), 'a'.repeat(253), 'b'), undefined);
    assert.throws(() => parseRoleMap(`{"${'/'.repeat(1_000_000)}":1}`, defaults), { code: 'ERR_ROLE_MAP' });
    assert.throws(() => parseRoleMap('{"a/b":'.repeat(100_000), defaults), { code: 'ERR_ROLE_MAP' });
    assert.throws(() => parseRoleMap(`{"a/b":{"TokenExpiration":${'9'.repeat(1_000_000)}}}`, defaults), {
      code: 'ERR_ROLE_MAP',
    });
    assert.ok(performance.now() - start < 4000);
    assert.throws(() => parseRoleMap(`${padded} `, defaults), {
      message: 'expected at most 1048576 characters as the role map, got 1048577',
    });
  });

  it('entries are bounded, and those that must be tried one by one more so', () => {
    assert.equal(mapWith(maxRoleMapEntries, (i) => `ns/${String(i)}`).exact.size, maxRoleMapEntries);
    assert.equal(mapWith(maxRoleMapEntries, (i) => `*/${String(i)}`).anyNamespace.size, maxRoleMapEntries);
    assert.equal(mapWith(maxRoleMapGlobs, (i) => `ns-${String(i)}/*`).globs.length, maxRoleMapGlobs);
    assert.throws(() => mapWith(maxRoleMapEntries + 1, (i) => `ns/${String(i)}`), {
      message: 'expected at most 20000 entries in the role map, got 20001',
    });
    assert.throws(() => mapWith(maxRoleMapGlobs + 1, (i) => `ns-${String(i)}/*`), {
      message: 'expected at most 1000 keys with wildcards, */name aside, in the role map, got 1001',
    });
  });

  it('names longer than any in Kubernetes match no glob', () => {
    const map = mapOf('a*/*', '*/app');
    assert.equal(findRole(map, 'a'.repeat(253), 'b'.repeat(253)), roleFor('a*/*').RoleARN);
    assert.equal(findRole(map, 'a'.repeat(254), 'b'), undefined);
    assert.equal(findRole(map, 'a', 'b'.repeat(254)), undefined);
    assert.equal(findRole(map, 'a'.repeat(254), 'app'), roleFor('*/app').RoleARN);
  });
});
