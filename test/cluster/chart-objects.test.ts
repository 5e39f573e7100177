/** Every object that the chart renders, with each preset and each source of certificates, is one that the API server takes. */
import assert from 'node:assert/strict';
import type { JsonObject } from '../../src/identity/json.ts';
import { asObject, asString } from '../../src/identity/json.ts';
import { presetNames } from '../chart/chart.ts';
import { nameOf, ofKind, renderObjects } from '../chart/helm.ts';
import { modes, presetWithMode } from '../chart/renderings.ts';
import { cluster } from './hooks.ts';

/** Served where their operators are installed, which no cluster of the tests has. */
const operators = ['cert-manager.io', 'monitoring.coreos.com'];

describe('the objects of the chart', () => {
  let namespace: string;

  before(async () => {
    namespace = await cluster().createNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });

  for (const mode of ['self-managed', 'cert-manager', 'secret'] as const) {
    for (const preset of [undefined, ...presetNames()]) {
      it(`are taken by the API server: ${preset ?? 'its own values'}, ${mode}`, async () => {
        const rendering = preset === undefined ? { values: modes[mode] } : presetWithMode(preset, mode);
        const objects = renderObjects({ ...rendering, namespace }).filter(isServed);
        assert.ok(ofKind(objects, 'Deployment').length > 0);
        // A pod is not taken, not even to try, where its account is not there.
        for (const account of ofKind(objects, 'ServiceAccount')) await create(account);
        for (const object of objects) {
          if (object['kind'] !== 'ServiceAccount') await create(object, '?dryRun=All&fieldValidation=Strict');
        }
      });
    }
  }
});

function isServed({ apiVersion }: JsonObject): boolean {
  return !operators.some((group) => asString(apiVersion)?.startsWith(`${group}/`));
}

/** Has the API server take the object, which may be there already. A warning of the API server is a failure, too. */
async function create(object: JsonObject, query = ''): Promise<void> {
  const version = asString(object['apiVersion']) ?? '';
  const kind = asString(object['kind']) ?? '';
  const root = version.includes('/') ? `/apis/${version}` : `/api/${version}`;
  // One that names no namespace is for the whole cluster, or is not found there.
  const namespace = asString(asObject(object['metadata'])?.['namespace']);
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`;
  const path = `${root}${place}/${pluralOf(kind)}${query}`;
  const { status, body, warnings } = await cluster().request('POST', path, object);
  const isTaken = status === 201 || (status === 409 && query === '');
  assert.ok(isTaken, `${kind} ${nameOf(object) ?? ''}: ${String(asObject(body)?.['message'])}`);
  assert.deepEqual(warnings, [], `${kind} ${nameOf(object) ?? ''}`);
}

function pluralOf(kind: string): string {
  const name = kind.toLowerCase();
  return name.endsWith('y') ? `${name.slice(0, -1)}ies` : `${name}s`;
}
