// Accounts from an API server, real sockets and all: its answers, its faults, and names that it must never see.
import assert from 'node:assert/strict';
import type { RequestListener, ServerResponse } from 'node:http';
import { createClusterLookup } from '../../src/accounts/cluster.ts';
import type { Answer, Deadline, Lookup } from '../../src/accounts/lookup.ts';
import type { AccountRef } from '../../src/identity/account-ref.ts';
import { createAnonymousConnection } from '../../src/kubernetes/connection.ts';
import { createTransport } from '../../src/kubernetes/transport.ts';
import { defaults, identity, roleArn } from '../admission/reviews.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { startFakeApiServer } from '../kubernetes/fake-api-server.ts';
import { useScope } from '../kubernetes/scope.ts';

const cart: AccountRef = { namespace: 'shop', name: 'cart' };

const account = {
  kind: 'ServiceAccount',
  apiVersion: 'v1',
  metadata: { name: 'cart', namespace: 'shop', annotations: { 'eks.amazonaws.com/role-arn': roleArn } },
};

function status(code: number, reason: string, message: string, details: object = {}): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code };
}

const names = { namespace: 'shop', name: 'cart' };

function answer(response: ServerResponse, code: number, body: unknown): void {
  const isText = typeof body === 'string';
  response.writeHead(code, { 'Content-Type': isText ? 'text/html' : 'application/json' });
  response.end(isText ? body : JSON.stringify(body));
}

function within(timeoutMs: number, callerGone = new AbortController().signal): Deadline {
  return { atMs: performance.now() + timeoutMs, callerGone: () => callerGone };
}

describe('accounts/cluster', () => {
  const scope = useScope();

  async function lookupAt(listener: RequestListener): Promise<{ lookup: Lookup; paths: string[] }> {
    const paths: string[] = [];
    const api = await startFakeApiServer(scope, (request, response) => {
      paths.push(`${String(request.method)} ${String(request.url)}`);
      listener(request, response);
    });
    return { lookup: lookupOf(api.url), paths };
  }

  function lookupOf(url: string): Lookup {
    const transport = createTransport(createAnonymousConnection(new URL(url)), { version: '1.2.3' });
    scope.onEnd(() => {
      transport.close();
    });
    return createClusterLookup({ api: transport, defaults, now: () => performance.now() });
  }

  it('reads the account, live, at each question', async () => {
    const { lookup, paths } = await lookupAt((_, response) => {
      answer(response, 200, account);
    });
    assert.deepEqual(await lookup(cart, within(5_000)), identity);
    assert.deepEqual(await lookup(cart, within(5_000)), identity);
    const path = 'GET /api/v1/namespaces/shop/serviceaccounts/cart';
    assert.deepEqual(paths, [path, path]);
  });

  const answers: readonly (readonly [name: string, code: number, body: unknown, expected: Answer])[] = [
    [
      'an account without annotations',
      200,
      { ...account, metadata: names },
      {
        kind: 'none',
        reason: 'no_role_annotation',
        warnings: [],
        preferences: { regionalSts: false, tokenExpirationSeconds: 86_400 },
      },
    ],
    [
      'annotations that are no object',
      200,
      { ...account, metadata: { ...names, annotations: [1] } },
      {
        kind: 'none',
        reason: 'no_role_annotation',
        warnings: [],
        preferences: { regionalSts: false, tokenExpirationSeconds: 86_400 },
      },
    ],
    [
      '404 from the API server',
      404,
      status(404, 'NotFound', 'serviceaccounts "cart" not found', { kind: 'serviceaccounts', name: 'cart' }),
      { kind: 'none', reason: 'service_account_not_found', warnings: [] },
    ],
  ];
  for (const [name, code, body, expected] of answers) {
    it(`${name}: an answer`, async () => {
      const { lookup } = await lookupAt((_, response) => {
        answer(response, code, body);
      });
      assert.deepEqual(await lookup(cart, within(5_000)), expected);
    });
  }

  const nothing = 'nothing that could be read';
  const faults: readonly (readonly [name: string, code: number, body: unknown, says: string])[] = [
    ['404 of a proxy', 404, '<html>not found</html>', `404: ${nothing}`],
    ['404 of an empty body', 404, '', `404: ${nothing}`],
    [
      '404 for the path',
      404,
      status(404, '', 'the server could not find the resource'),
      '404: the server could not find the resource',
    ],
    [
      '404 for another kind',
      404,
      status(404, 'NotFound', 'namespaces "cart" not found', { kind: 'namespaces', name: 'cart' }),
      '404: namespaces "cart" not found',
    ],
    [
      '404 for another account',
      404,
      status(404, 'NotFound', 'serviceaccounts "b" not found', { kind: 'serviceaccounts', name: 'b' }),
      '404: serviceaccounts "b" not found',
    ],
    ['404 without details', 404, status(404, 'NotFound', 'not found'), '404: not found'],
    ['200 without metadata', 200, { kind: 'ServiceAccount' }, `200: ${nothing}`],
    [
      '200 of an account that was not asked for',
      200,
      { ...account, metadata: { ...account.metadata, name: 'admin' } },
      `200: ${nothing}`,
    ],
    [
      '200 of an account in another namespace',
      200,
      { ...account, metadata: { ...account.metadata, namespace: 'other' } },
      `200: ${nothing}`,
    ],
    [
      '403',
      403,
      status(403, 'Forbidden', 'serviceaccounts "cart" is forbidden'),
      '403: serviceaccounts "cart" is forbidden',
    ],
    ['429', 429, status(429, 'TooManyRequests', 'too many requests'), '429: too many requests'],
    ['401', 401, status(401, 'Unauthorized', 'Unauthorized'), '401: Unauthorized'],
    ['500', 500, status(500, 'InternalError', 'etcdserver: request timed out'), '500: etcdserver: request timed out'],
    ['503 of a load balancer', 503, '<html/>', `503: ${nothing}`],
    ['302', 302, '', `302: ${nothing}`],
    ['200 of another kind', 200, { ...account, kind: 'Secret' }, `200: ${nothing}`],
    ['200 of garbage', 200, '{"kind":"ServiceAccount"', `200: ${nothing}`],
    ['200 of a list', 200, [account], `200: ${nothing}`],
    ['a message without end', 500, status(500, '', 'x'.repeat(100_000)), `500: ${'x'.repeat(256)}`],
  ];
  for (const [name, code, body, says] of faults) {
    it(`${name}: a fault`, async () => {
      const { lookup } = await lookupAt((_, response) => {
        answer(response, code, body);
      });
      assert.deepEqual(await lookup(cart, within(5_000)), {
        kind: 'fault',
        reason: 'lookup_failed',
        message: `cannot read service account shop/cart: the API server answered ${says}`,
        // What the API server cannot do now it may do soon; what it will not do, it will not.
        ...((code === 429 || code >= 500) && { retryAfterSeconds: 1 }),
      });
    });
  }

  it('no API server: a fault', async () => {
    const api = await startFakeApiServer(scope, () => undefined);
    await new Promise((resolve) => api.server.close(resolve));
    const fault = await lookupOf(api.url)(cart, within(5_000));
    assert.ok(fault.kind === 'fault');
    assert.equal(fault.reason, 'lookup_failed');
    assert.equal(fault.message, 'cannot read service account shop/cart: the API server could not be asked');
    assert.match(fault.detail ?? '', /ECONNREFUSED/);
    assert.equal(fault.retryAfterSeconds, 1);
  });

  it('no answer in time: a fault of its own', async () => {
    const { lookup } = await lookupAt(() => undefined);
    const startMs = performance.now();
    const fault = await lookup(cart, within(100));
    assert.ok(performance.now() - startMs < 2_000);
    assert.ok(fault.kind === 'fault');
    assert.equal(fault.reason, 'lookup_timeout');
    assert.equal(fault.message, 'cannot read service account shop/cart: the API server did not answer in time');
    assert.match(fault.detail ?? '', /^Expected an answer from http:\S+ within \d+ ms/);
    assert.equal(fault.retryAfterSeconds, undefined);
  });

  it('a deadline that is over already: the same, at once', async () => {
    const { lookup } = await lookupAt(() => undefined);
    const fault = await lookup(cart, within(-1_000));
    assert.ok(fault.kind === 'fault');
    assert.equal(fault.reason, 'lookup_timeout');
  });

  it('a caller that is gone: the read ends at once', async () => {
    const { lookup, paths } = await lookupAt(() => undefined);
    const caller = new AbortController();
    const pending = lookup(cart, within(60_000, caller.signal));
    await eventually('the read', () => paths.length === 1);
    caller.abort();
    const fault = await pending;
    assert.ok(fault.kind === 'fault');
    assert.equal(fault.reason, 'lookup_failed');
  });

  it('names of Kubernetes are asked for, the longest too', async () => {
    const { lookup, paths } = await lookupAt((_, response) => {
      answer(response, 200, account);
    });
    const longest = 'a'.repeat(253);
    for (const name of ['a', '0', 'a.b-c', longest])
      assert.ok(lookup({ namespace: 'shop', name }, within(5_000)) instanceof Promise);
    await eventually('the reads', () => paths.length === 4);
    assert.ok(paths.includes(`GET /api/v1/namespaces/shop/serviceaccounts/${longest}`));
  });

  it('names that no account can have never reach the network', async () => {
    const { lookup, paths } = await lookupAt((_, response) => {
      answer(response, 200, account);
    });
    const impossible = [
      '',
      '.',
      '..',
      '../..',
      '../../secrets/key',
      'a/b',
      'a%2fb',
      'a?x=1',
      'a#b',
      'Cart',
      'cart ',
      'cart\n',
      '-cart',
      'cart-',
      '.cart',
      'cart_1',
      'kärt',
      'a'.repeat(254),
    ];
    const notFound = { kind: 'none', reason: 'service_account_not_found', warnings: [] };
    for (const name of impossible) {
      assert.deepEqual(lookup({ namespace: 'shop', name }, within(5_000)), notFound, JSON.stringify(name));
      assert.deepEqual(lookup({ namespace: name, name: 'cart' }, within(5_000)), notFound, JSON.stringify(name));
    }
    await lookup(cart, within(5_000));
    assert.equal(paths.length, 1);
  });
});
