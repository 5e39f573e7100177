// Whatever a release or an object is called, it is a text, and a name that the API server takes.
import assert from 'node:assert/strict';
import { asArray, asObject, type JsonObject } from '../../src/identity/json.ts';
import { nameOf, renderObjects, theOne, tryChart } from './helm.ts';
import { modes } from './renderings.ts';

/** Everything that has a name, where a document has it. */
const turnedOn: JsonObject = {
  autoscaling: { enabled: true },
  networkPolicy: { enabled: true },
  roleMap: { 'payments/api': { RoleARN: '' } },
  monitoring: { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true }, dashboard: { enabled: true } },
  webhook: { preDeleteHook: true },
};

/** Keys whose values are names. */
const nameKey =
  /^(?:name|namespace|secretName|serviceAccountName|priorityClassName|commonName|policyName)$|^app\.kubernetes\.io\/|\/replica-of$/;
const listKey = /^(?:resourceNames|dnsNames)$/;

describe('names', () => {
  for (const release of ['123', '1e5', 'true', 'null', '2024-01-01']) {
    it(`are texts, of a release ${release}`, () => {
      for (const mode of Object.values(modes)) {
        const values = { ...turnedOn, ...mode, fullnameOverride: 'true' };
        assertTexts(renderObjects({ release, namespace: '123', values, kubeVersion: '1.36.0' }));
      }
    });
  }

  it('are texts, of objects', () => {
    const values = {
      ...turnedOn,
      nameOverride: '123',
      fullnameOverride: 'null',
      priorityClassName: '1e3',
      serviceAccount: { name: '1e5' },
      certificates: { mode: 'cert-manager', secretName: '0x1f' },
      webhook: { name: 'true', preDeleteHook: true },
      selftest: { namespace: '7', serviceAccountName: '8' },
    };
    const objects = renderObjects({ values });
    assertTexts(objects);
    theOne(objects, 'ServiceAccount', '1e5');
  });

  it('have no dots where a release has some, and end in no hyphen where they are cut', () => {
    assert.equal(serviceName('a.b'), 'a-b-irsa-webhook');
    assert.equal(serviceName('irsa-webhook.v1'), 'irsa-webhook-v1');
    assert.equal(serviceName(`irsa-webhook-${'a'.repeat(36)}.b`), `irsa-webhook-${'a'.repeat(36)}`);
    const fullnameOverride = `${'a'.repeat(48)}--b`;
    assert.equal(serviceName('x', { fullnameOverride }), 'a'.repeat(48));
  });

  it('that are none are refused with their path', () => {
    const subdomain = ['x_y', 'X', 'a..b', '-a', 'a-', 'a.', 'a'.repeat(254)];
    for (const [path, wrong] of [
      ['/nameOverride', ['a.b', 'A', 'a-', 'a'.repeat(64)]],
      ['/fullnameOverride', ['a.b', '123', 'A', 'a-', 'a'.repeat(64)]],
      ['/serviceAccount/name', subdomain],
      ['/priorityClassName', subdomain],
      ['/certificates/secretName', subdomain],
      ['/webhook/name', subdomain],
      ['/selftest/serviceAccountName', subdomain],
    ] as const) {
      for (const name of wrong) {
        const [first = '', second] = path.slice(1).split('/');
        const { errors } = tryChart('template', { values: { [first]: second ? { [second]: name } : name } });
        assert.ok(errors.includes(`at '${path}': `), `${path} ${name}: ${errors}`);
      }
    }
  });
});

/** Returns the name of the Service of a release. */
function serviceName(release: string, values: JsonObject = {}): string | undefined {
  return nameOf(theOne(renderObjects({ release, values }), 'Service'));
}

/** Fails where a name is not a text. */
function assertTexts(objects: readonly JsonObject[]): void {
  let count = 0;
  const walk = (value: unknown, key: string): void => {
    const isName = nameKey.test(key) && asObject(value) === undefined;
    if (isName || (listKey.test(key) && asArray(value) === undefined)) {
      count += 1;
      assert.equal(typeof value, 'string', `${key}: ${String(value)}`);
    }
    for (const entry of asArray(value) ?? []) walk(entry, listKey.test(key) ? key : '');
    for (const [name, entry] of Object.entries(asObject(value) ?? {})) walk(entry, name);
  };
  for (const object of objects) walk(object, '');
  assert.ok(count > 100);
}
