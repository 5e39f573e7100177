// The rights that the chart gives are those of manifests/rbac*.yaml, for what is turned on and for nothing else.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asArray, asObject, type JsonObject } from '../../src/identity/json.ts';
import { projectFolder } from '../program.ts';
import { nameOf, ofKind, parseObjects, renderObjects } from './helm.ts';
import { authorityPem } from './renderings.ts';

/** The name that the manifests have for the Secret, the Lease, the configurations and the ConfigMap. */
const name = 'pod-identity-webhook';

const cases: readonly (readonly [what: string, values: JsonObject, manifests: readonly string[]])[] = [
  ['self-managed', {}, ['rbac', 'rbac-certificates']],
  ['cert-manager', { certificates: { mode: 'cert-manager' } }, ['rbac']],
  ['secret', { certificates: { mode: 'secret', secretName: 'pair', caBundle: authorityPem } }, ['rbac']],
  ['a map of roles', { roleMap: { 'a/b': { RoleARN: 'x' } } }, ['rbac', 'rbac-certificates', 'rbac-config-map']],
  ['a map that others keep', { config: { watchConfigMap: true } }, ['rbac', 'rbac-certificates', 'rbac-config-map']],
  [
    'a map with cert-manager',
    { certificates: { mode: 'cert-manager' }, config: { watchConfigMap: true } },
    ['rbac', 'rbac-config-map'],
  ],
  ['namespaces', { config: { watchNamespaces: true } }, ['rbac', 'rbac-certificates', 'rbac-namespaces']],
  ['envFrom', { config: { respectEnvFrom: true } }, ['rbac', 'rbac-certificates', 'rbac-env-from']],
];

describe('the rights of the webhook', () => {
  for (const [what, values, manifests] of cases) {
    it(`are the least: ${what}`, () => {
      const rendered = renderObjects({ values: { fullnameOverride: name, ...values } }).filter(isOfTheWebhook);
      const written = manifests.flatMap((file) =>
        parseObjects(readFileSync(join(projectFolder, 'manifests', `${file}.yaml`), 'utf8')),
      );
      for (const kind of ['Role', 'ClusterRole'])
        assert.deepEqual(rulesOf(rendered, kind), rulesOf(written, kind), kind);
    });
  }

  it('are bound to its account, in its namespace', () => {
    const objects = renderObjects({ namespace: 'elsewhere', values: { serviceAccount: { name: 'reader' } } });
    for (const [binding, role] of [
      ['RoleBinding', 'Role'],
      ['ClusterRoleBinding', 'ClusterRole'],
    ] as const) {
      const bound = ofKind(objects, binding).filter((object) => nameOf(object) === 'irsa-webhook');
      assert.equal(bound.length, 1);
      assert.deepEqual(bound[0]?.['roleRef'], {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: role,
        name: 'irsa-webhook',
      });
      assert.deepEqual(bound[0]['subjects'], [{ kind: 'ServiceAccount', name: 'reader', namespace: 'elsewhere' }]);
    }
  });

  it('name the Secret, the Lease and the configurations that the flags name', () => {
    const values = { certificates: { secretName: 'authority' } };
    const rules = rulesOf(
      renderObjects({ values }).filter((object) => nameOf(object) === 'irsa-webhook'),
      'Role',
    );
    assert.deepEqual(
      rules.flatMap((rule) => asArray(rule['resourceNames']) ?? []),
      ['authority', 'authority'],
    );
  });

  it('are nobody else affair with rbac.create false', () => {
    const objects = renderObjects({ values: { rbac: { create: false } } }).filter(({ metadata }) => {
      return asObject(metadata)?.['name'] === 'irsa-webhook';
    });
    for (const kind of ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding']) {
      assert.deepEqual(ofKind(objects, kind), []);
    }
  });

  it('need a token that pods of the webhook alone have', () => {
    const objects = renderObjects();
    const account = ofKind(objects, 'ServiceAccount').find((object) => nameOf(object) === 'irsa-webhook');
    assert.equal(account?.['automountServiceAccountToken'], false);
  });
});

/** What a test or a hook is given has a name of its own. */
function isOfTheWebhook(object: JsonObject): boolean {
  return nameOf(object) === name;
}

/** Returns the rules of all roles of a kind, in an order of their own. */
function rulesOf(objects: readonly JsonObject[], kind: string): readonly JsonObject[] {
  return ofKind(objects, kind)
    .flatMap((role) => asArray(role['rules']) ?? [])
    .map((rule) => asObject(rule) ?? {})
    .toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}
