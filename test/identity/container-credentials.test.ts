// The config file of container credentials: who is in it, and that a wrong one is refused whole.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import {
  ContainerCredentialsError,
  hasContainerCredentials,
  maxContainerCredentialsLength,
  parseContainerCredentials,
} from '../../src/identity/container-credentials.ts';

function list(text: string): string[] {
  return [...parseContainerCredentials(text)].flatMap(([namespace, names]) =>
    [...names].map((name) => `${namespace}|${name}`),
  );
}

const good: readonly (readonly [what: string, text: string, expected: readonly string[]])[] = [
  ['an empty text', '', []],
  ['null', 'null', []],
  ['an empty object', ' {}\n', []],
  ['no identities', '{"identities": []}', []],
  ['null as identities', '{"identities": null}', []],
  ['one identity', '{"identities":[{"namespace":"a","serviceAccount":"b"}]}', ['a|b']],
  [
    'two in one namespace, and one twice',
    '{"identities":[{"namespace":"a","serviceAccount":"b"},{"namespace":"a","serviceAccount":"c"},{"serviceAccount":"b","namespace":"a"}]}',
    ['a|b', 'a|c'],
  ],
  ['names in any letter case', '{"IDENTITIES":[{"NameSpace":"a","serviceaccount":"b"}]}', ['a|b']],
  ['a name that is given twice', '{"identities":[{"namespace":"a","Namespace":"z","serviceAccount":"b"}]}', ['z|b']],
  ['a list that is given twice', '{"identities":[{"namespace":"a"}],"Identities":[{"namespace":"b"}]}', ['b|']],
  ['a list that null takes back', '{"identities":[{"namespace":"a"}],"Identities":null}', []],
  ['a name that null leaves', '{"identities":[{"namespace":"a","Namespace":null,"serviceAccount":"b"}]}', ['a|b']],
  ['the other likewise', '{"identities":[{"namespace":"a","serviceAccount":"b","serviceaccount":null}]}', ['a|b']],
  ['unknown members', '{"version":[1],"identities":[{"namespace":"a","serviceAccount":"b","role":{}}]}', ['a|b']],
  ['missing and null names', '{"identities":[{},null,{"namespace":null,"serviceAccount":"b"}]}', ['|', '|b']],
  [
    'hostile names',
    '{"identities":[{"namespace":"__proto__","serviceAccount":"constructor"}]}',
    ['__proto__|constructor'],
  ],
  ['letters outside ASCII', '{"identities":[{"name\u017fpace":"a","serviceAccount":"\\u00e9"}]}', ['a|\u00e9']],
];

const wrong: readonly (readonly [text: string, message: string])[] = [
  [' ', 'expected JSON as the container credentials config, got a text that is not: "Unexpected end of JSON input"'],
  ['[]', 'expected a JSON object as the whole of the container credentials config, got a list'],
  ['"a"', 'expected a JSON object as the whole of the container credentials config, got a string'],
  ['{"identities":{}}', 'expected a list as identities of the container credentials config, got an object'],
  ['{"identities":""}', 'expected a list as identities of the container credentials config, got a string'],
  [
    '{"identities":["a/b"]}',
    'expected an object as each of identities of the container credentials config, got a string',
  ],
  [
    '{"identities":[{"namespace":1}]}',
    'expected a string as namespace of the container credentials config, got a number',
  ],
  [
    '{"identities":[{"namespace":"a","serviceAccount":["b"]}]}',
    'expected a string as serviceAccount of the container credentials config, got a list',
  ],
];

describe('identity/container-credentials', () => {
  for (const [what, text, expected] of good) {
    it(`reads ${what}`, () => {
      assert.deepEqual(list(text), expected);
    });
  }

  for (const [text, message] of wrong) {
    it(`refuses ${text}`, () => {
      assert.throws(() => parseContainerCredentials(text), {
        name: 'ContainerCredentialsError',
        code: 'ERR_CONTAINER_CREDENTIALS',
        message,
      });
    });
  }

  it('an account is found by both its names', () => {
    const accounts = parseContainerCredentials(
      '{"identities":[{"namespace":"a","serviceAccount":"b"},{"namespace":"x/y","serviceAccount":"z"}]}',
    );
    const has = (namespace: string, name: string) => hasContainerCredentials(accounts, { namespace, name });
    assert.equal(has('a', 'b'), true);
    assert.equal(has('x/y', 'z'), true);
    for (const [namespace, name] of [
      ['b', 'a'],
      ['a', 'z'],
      ['a', ''],
      ['', ''],
      ['*', 'b'],
      ['x', 'y/z'],
      ['__proto__', 'constructor'],
      ['a', 'has'],
    ] as const) {
      assert.equal(has(namespace, name), false, `${namespace} ${name}`);
    }
  });

  it('every account that is listed is found, and no other', () => {
    const names = fc.record({ namespace: fc.string({ unit: 'binary' }), name: fc.string({ unit: 'binary' }) });
    fc.assert(
      fc.property(fc.array(names), names, (listed, other) => {
        const identities = listed.map(({ namespace, name }) => ({ namespace, serviceAccount: name }));
        const accounts = parseContainerCredentials(JSON.stringify({ identities }));
        for (const account of listed) assert.ok(hasContainerCredentials(accounts, account));
        const isListed = listed.some(({ namespace, name }) => namespace === other.namespace && name === other.name);
        assert.equal(hasContainerCredentials(accounts, other), isListed);
      }),
    );
  });

  it('any text is read or refused in one short printable line', () => {
    const field = fc.constantFrom('identities', 'Identities', 'namespace', 'serviceAccount', '__proto__');
    const json = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, 1, 'a', ''),
        fc.array(tie('value')),
        fc.dictionary(field, tie('value')),
      ),
    })).value;
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      json.map((value) => JSON.stringify(value)),
      json.map((value) => JSON.stringify({ identities: value })),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          parseContainerCredentials(given);
        } catch (error) {
          assert.ok(error instanceof ContainerCredentialsError);
          assert.match(error.message, /^[ -~]{1,900}$/);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('100,000 accounts are read at once, and more text than fits is not', () => {
    const identities = Array.from({ length: 100_000 }, (_, index) => ({
      namespace: `ns-${String(index % 1000)}`,
      serviceAccount: `app-${String(index)}`,
    }));
    const start = performance.now();
    assert.equal(list(JSON.stringify({ identities })).length, 100_000);
    assert.ok(performance.now() - start < 4000);

    const padded = `{}${' '.repeat(maxContainerCredentialsLength - 2)}`;
    assert.equal(parseContainerCredentials(padded).size, 0);
    assert.throws(() => parseContainerCredentials(`${padded} `), {
      code: 'ERR_CONTAINER_CREDENTIALS',
      message: 'expected at most 16777216 characters as the container credentials config, got 16777217',
    });
  });

  it('nesting is no way to make it throw anything else', () => {
    const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
    assert.throws(() => parseContainerCredentials(deep), ContainerCredentialsError);
    assert.throws(() => parseContainerCredentials(`{"identities":${deep}}`), ContainerCredentialsError);
    assert.deepEqual(list(`{"other":${deep},"identities":[{"namespace":"a","serviceAccount":"b"}]}`), ['a|b']);
  });
});
