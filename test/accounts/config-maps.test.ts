// ConfigMaps of envFrom: what is asked for, what an answer means, and what is a fault.
import assert from 'node:assert/strict';
import { createConfigMapReader, type ConfigMapData } from '../../src/accounts/config-maps.ts';
import type { Deadline, LookupFault } from '../../src/accounts/lookup.ts';
import type { JsonObject } from '../../src/identity/json.ts';
import { KubernetesError } from '../../src/kubernetes/errors.ts';
import type { ApiResponse, CallOptions } from '../../src/kubernetes/transport.ts';

type Get = (path: string, options: CallOptions) => Promise<ApiResponse>;

const nowMs = 5_000;
const deadline: Deadline = { atMs: nowMs + 700, callerGone: () => new AbortController().signal };

function reply(status: number, body: unknown): ApiResponse {
  return { status, body: typeof body === 'string' ? body : JSON.stringify(body), headers: {} };
}

function configMap(name: string, data?: JsonObject, namespace = 'shop'): ApiResponse {
  return reply(200, { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name, namespace }, ...(data && { data }) });
}

function refusal(code: number, reason: string, name = 'settings'): ApiResponse {
  const details = { name, kind: 'configmaps' };
  return reply(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'no', reason, details, code });
}

async function read(
  get: Get,
  names: readonly string[] = ['settings'],
  namespace = 'shop',
): Promise<ConfigMapData | LookupFault> {
  return createConfigMapReader({ api: { get }, now: () => nowMs })({ namespace, names }, deadline);
}

const never: Get = async () => assert.fail('no request is made');

async function readFailing(error: Error): Promise<ConfigMapData | LookupFault> {
  return read(async () => {
    throw error;
  });
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

describe('accounts/config-maps', () => {
  it('reads each ConfigMap live, by the deadline', async () => {
    const calls: [string, number][] = [];
    const data = await read(
      async (path, { timeoutMs }) => {
        calls.push([path, timeoutMs]);
        return configMap(nameIn(path), { AWS_REGION: nameIn(path) });
      },
      ['settings', 'more.settings'],
    );
    assert.deepEqual(calls, [
      ['/api/v1/namespaces/shop/configmaps/settings', 700],
      ['/api/v1/namespaces/shop/configmaps/more.settings', 700],
    ]);
    const expected = new Map([
      ['settings', { AWS_REGION: 'settings' }],
      ['more.settings', { AWS_REGION: 'more.settings' }],
    ]);
    assert.deepEqual(data, expected);
  });

  it('one that does not exist is undefined, one without data is empty', async () => {
    assert.deepEqual(await read(async () => refusal(404, 'NotFound')), new Map([['settings', undefined]]));
    assert.deepEqual(await read(async () => configMap('settings')), new Map([['settings', {}]]));
  });

  const faults: readonly (readonly [what: string, response: ApiResponse])[] = [
    ['403', refusal(403, 'Forbidden')],
    ['500', refusal(500, 'InternalError')],
    ['404 of something else', refusal(404, 'NotFound', 'other')],
    ['404 of a proxy', reply(404, '<html>')],
    ['another ConfigMap', configMap('other')],
    ['the ConfigMap of another namespace', configMap('settings', {}, 'kube-system')],
    ['another kind', reply(200, { kind: 'Secret', metadata: { name: 'settings', namespace: 'shop' } })],
    ['no JSON', reply(200, '{')],
    ['a list', reply(200, '[]')],
  ];
  for (const [what, response] of faults) {
    it(`${what}: a fault, which tells no address`, async () => {
      const fault = await read(async () => response);
      assert.ok('kind' in fault);
      assert.equal(fault.reason, 'lookup_failed');
      assert.match(fault.message, /^cannot read ConfigMap shop\/settings of envFrom \(--respect-env-from\): /);
    });
  }

  it('an answer that is late is told from one that fails', async () => {
    const late = await readFailing(
      new KubernetesError('ERR_KUBERNETES_TIMEOUT', 'expected an answer from https://10.0.0.1'),
    );
    assert.ok('kind' in late);
    assert.equal(late.reason, 'lookup_timeout');
    assert.doesNotMatch(late.message, /10\.0/);
    const gone = await readFailing(new Error('socket hang up'));
    assert.ok('kind' in gone);
    assert.equal(gone.reason, 'lookup_failed');
  });

  it('one fault among several ConfigMaps is a fault', async () => {
    const answer = await read(
      async (path) => (nameIn(path) === 'b' ? refusal(403, 'Forbidden', 'b') : configMap(nameIn(path))),
      ['a', 'b', 'c'],
    );
    assert.ok('kind' in answer);
  });

  it('the seventeenth and those behind it are not read', async () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `c${String(index)}`);
    const data = await read(async (path) => configMap(nameIn(path)), names);
    assert.ok(!('kind' in data));
    assert.deepEqual([...data.keys()], names.slice(0, 16));
  });

  const hostile = [
    '',
    '.',
    '..',
    '../secrets/x',
    'a/b',
    'a?x=y',
    'a%2f',
    'A',
    'a\nb',
    'a\u0000',
    '__proto__',
    'a'.repeat(254),
  ];
  for (const name of hostile) {
    it(`no name of an object leads a request astray: ${JSON.stringify(name.slice(0, 20))}`, async () => {
      assert.deepEqual(await read(never, [name]), new Map());
      assert.deepEqual(await read(never, ['settings'], name), new Map());
    });
  }
});
