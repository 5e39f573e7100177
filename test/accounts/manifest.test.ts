// Manifests as people write them, and what is said of those that cannot be read.
import assert from 'node:assert/strict';
import { ManifestError, parseAccounts, parseObjects } from '../../src/accounts/manifest.ts';
import { defaults } from '../admission/reviews.ts';

const roleKey = 'eks.amazonaws.com/role-arn';

function accountYaml(name: string, role: string, namespace?: string): string {
  return [
    'apiVersion: v1',
    'kind: ServiceAccount',
    'metadata:',
    `  name: ${name}`,
    ...(namespace === undefined ? [] : [`  namespace: ${namespace}`]),
    '  annotations:',
    `    ${roleKey}: ${role}`,
    '',
  ].join('\n');
}

/** The role of each account in a text, or why it has none. */
function rolesIn(text: string, defaultNamespace?: string): Record<string, string> {
  const accounts = parseAccounts(text, 'accounts.yaml', defaults, defaultNamespace);
  return Object.fromEntries(
    [...accounts].map(([key, promise]) => [
      key,
      promise.kind === 'identity' ? String(promise.roleArn) : promise.reason,
    ]),
  );
}

describe('accounts/manifest', () => {
  describe('parseAccounts', () => {
    it('reads all documents, and passes over empty ones and other kinds', () => {
      const text = [
        '',
        accountYaml('a', 'arn-a', 'shop'),
        '# nothing\n',
        'null\n',
        '{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n',
        '{apiVersion: example.com/v1, kind: ServiceAccount, metadata: {name: other}}\n',
        accountYaml('b', 'arn-b', 'shop'),
        '',
      ].join('---\n');
      assert.deepEqual(rolesIn(text), { 'shop/a': 'arn-a', 'shop/b': 'arn-b' });
    });

    it('reads nothing from an empty text', () => {
      for (const text of ['', '\n', '---\n', '# nothing\n', '---\n---\n', 'null']) assert.deepEqual(rolesIn(text), {});
    });

    it('reads JSON, indented by tabs too', () => {
      const account = {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'a', annotations: { [roleKey]: 'r' } },
      };
      assert.deepEqual(rolesIn(JSON.stringify(account)), { 'default/a': 'r' });
      assert.deepEqual(rolesIn(JSON.stringify(account, undefined, '\t')), { 'default/a': 'r' });
    });

    it('reads the items of a List, as kubectl get writes it', () => {
      const items = ['a', 'b'].map((name) => ({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name, namespace: 'shop', annotations: { [roleKey]: name } },
      }));
      assert.deepEqual(rolesIn(JSON.stringify({ apiVersion: 'v1', kind: 'List', items })), {
        'shop/a': 'a',
        'shop/b': 'b',
      });
      assert.deepEqual(rolesIn('{apiVersion: v1, kind: List}'), {});
    });

    it('puts an account without a namespace into the default one', () => {
      assert.deepEqual(rolesIn(accountYaml('a', 'r')), { 'default/a': 'r' });
      assert.deepEqual(rolesIn(accountYaml('a', 'r', "''")), { 'default/a': 'r' });
      assert.deepEqual(rolesIn(accountYaml('a', 'r'), 'shop'), { 'shop/a': 'r' });
    });

    it('lets the later of two accounts of one name count, also where it promises nothing', () => {
      const without = '{apiVersion: v1, kind: ServiceAccount, metadata: {name: a, namespace: shop}}\n';
      const first = accountYaml('a', 'first', 'shop');
      assert.deepEqual(rolesIn([first, accountYaml('a', 'second', 'shop')].join('---\n')), { 'shop/a': 'second' });
      assert.deepEqual(rolesIn([first, without].join('---\n')), { 'shop/a': 'no_role_annotation' });
    });

    it('follows anchors and aliases', () => {
      const text = `role: &role arn\n---\n${accountYaml('a', '&r arn', 'shop')}    other: *r\n`;
      assert.deepEqual(rolesIn(text), { 'shop/a': 'arn' });
    });

    const refused: readonly (readonly [name: string, text: string, message: RegExp | string])[] = [
      ['what is not YAML', 'a: [', /^accounts\.yaml: .* at line 1, column 5/],
      ['a key that stands twice', 'a: 1\na: 2\n', /^accounts\.yaml: Map keys must be unique at line 2/],
      ['a tab for indentation', 'a:\n\tb: 1\n', /^accounts\.yaml: .*[Tt]ab/],
      ['text that is no object', 'hello', 'accounts.yaml: expected an object in document 1, got a string'],
      ['a number', `${accountYaml('a', 'r')}---\n7\n`, 'accounts.yaml: expected an object in document 2, got a number'],
      ['a list of accounts', '- a\n- b\n', 'accounts.yaml: expected an object in document 1, got a list'],
      ['a List of texts', 'kind: List\nitems: [a]\n', 'accounts.yaml: expected objects in a List, got a string'],
      ['a List of null', 'kind: List\nitems: [null]\n', 'accounts.yaml: expected objects in a List, got null'],
      [
        'an account without a name',
        '{apiVersion: v1, kind: ServiceAccount, metadata: {}}',
        'accounts.yaml: expected metadata.name in a ServiceAccount, got none',
      ],
      [
        'an account whose name is a number',
        '{apiVersion: v1, kind: ServiceAccount, metadata: {name: 7}}',
        'accounts.yaml: expected metadata.name in a ServiceAccount, got none',
      ],
      [
        'an unquoted number in an annotation',
        `${accountYaml('a', 'r', 'shop')}    eks.amazonaws.com/token-expiration: 900\n`,
        'accounts.yaml: ServiceAccount shop/a: expected text in annotation eks.amazonaws.com/token-expiration, got a number; ' +
          'put its value in quotes',
      ],
      [
        'an unquoted boolean in an annotation, as kubectl reads YAML',
        `${accountYaml('a', 'r', 'shop')}    eks.amazonaws.com/sts-regional-endpoints: yes\n`,
        /sts-regional-endpoints, got a boolean; put its value in quotes$/,
      ],
      [
        'an annotation without a value',
        accountYaml('a', '', 'shop'),
        /annotation eks\.amazonaws\.com\/role-arn, got null; put its value in quotes$/,
      ],
    ];
    for (const [name, text, message] of refused) {
      it(`refuses ${name}`, () => {
        assert.throws(
          () => parseAccounts(text, 'accounts.yaml', defaults),
          (error: unknown) => {
            assert.ok(error instanceof ManifestError);
            assert.equal(error.code, 'ERR_MANIFEST');
            if (typeof message === 'string') assert.equal(error.message, message);
            else assert.match(error.message, message);
            assert.doesNotMatch(error.message, /\n/);
            return true;
          },
        );
      });
    }

    it('refuses aliases that multiply, in no time', () => {
      const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
      for (let level = 1; level < 12; level += 1) {
        const alias = `*a${String(level - 1)}`;
        lines.push(`a${String(level)}: &a${String(level)} [${Array.from({ length: 10 }, () => alias).join(', ')}]`);
      }
      const startMs = performance.now();
      assert.throws(() => parseAccounts(lines.join('\n'), 'bomb.yaml', defaults), {
        name: 'ManifestError',
        message: /^bomb\.yaml: Excessive alias count/,
      });
      assert.ok(performance.now() - startMs < 1_000);
    });
  });

  describe('parseObjects', () => {
    it('reads YAML as kubectl does: octal modes, booleans and merges, but dates and ports as text', () => {
      const text = [
        'mode: 0644',
        'on: yes',
        'ports: 22:22',
        'date: 2026-11-22',
        'base: &base {a: 1}',
        'merged: {<<: *base, b: 2}',
      ].join('\n');
      assert.deepEqual(parseObjects(text, 'x.yaml'), [
        {
          mode: 0o644,
          true: true,
          ports: '22:22',
          date: '2026-11-22',
          base: { a: 1 },
          merged: { a: 1, b: 2 },
        },
      ]);
    });

    it('keeps the order of documents and items', () => {
      const text = 'kind: A\n---\nkind: List\nitems: [{kind: B}, {kind: C}]\n---\nkind: D\n';
      assert.deepEqual(
        parseObjects(text, 'x.yaml').map(({ kind }) => kind),
        ['A', 'B', 'C', 'D'],
      );
    });
  });
});
