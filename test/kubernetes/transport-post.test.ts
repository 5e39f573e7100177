// What the transport creates and changes: like a read in all but that it is never done twice by accident.
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { createTransport } from '../../src/kubernetes/transport.ts';
import { reset, startFakeApiServer } from './fake-api-server.ts';
import { connectionTo } from './reflected.ts';
import { useScope } from './scope.ts';

const path = '/api/v1/namespaces/shop/events';
const within = { timeoutMs: 5_000 };
const object = { kind: 'Event', message: 'é' };

describe('kubernetes/transport: post and patch', () => {
  const scope = useScope();

  async function start(
    answer: (...call: Parameters<RequestListener>) => unknown,
    connection: Parameters<typeof connectionTo>[1] = {},
  ) {
    const api = await startFakeApiServer(scope, (request, response) => void answer(request, response));
    const transport = createTransport(connectionTo(api.url, connection), { version: '1.2.3', maxBodyBytes: 1000 });
    scope.onEnd(() => {
      transport.close();
    });
    return { transport };
  }

  it('sends the object as JSON, with the length of its bytes, and returns any answer', async () => {
    const seen: unknown[] = [];
    const { transport } = await start(
      async (request, response) => {
        const { accept, authorization, 'content-type': type, 'content-length': length } = request.headers;
        seen.push(request.method, request.url, accept, authorization, type, length, await text(request));
        response.writeHead(409, { 'retry-after': '1' }).end('{"kind":"Status"}');
      },
      { authorization: () => 'Bearer token' },
    );
    const { status, headers, body } = await transport.post(path, object, within);
    assert.deepEqual([status, headers['retry-after'], body], [409, '1', '{"kind":"Status"}']);
    const json = JSON.stringify(object);
    const length = String(Buffer.byteLength(json));
    assert.deepEqual(seen, ['POST', path, 'application/json', 'Bearer token', 'application/json', length, json]);
  });

  it('sends it whole again with the renewed credential after a 401', async () => {
    const seen: string[] = [];
    let credential = 'old';
    const { transport } = await start(
      async (request, response) => {
        seen.push(`${String(request.headers.authorization)} ${await text(request)}`);
        response.writeHead(request.headers.authorization === 'new' ? 201 : 401).end('{}');
      },
      { authorization: () => credential, refused: () => (credential = 'new') },
    );
    assert.equal((await transport.post(path, object, within)).status, 201);
    assert.deepEqual(seen, [`old ${JSON.stringify(object)}`, `new ${JSON.stringify(object)}`]);
  });

  it('sends an array as a JSON Patch, an object as a JSON Merge Patch', async () => {
    const seen: unknown[] = [];
    const { transport } = await start(async (request, response) => {
      seen.push(request.method, request.headers['content-type'], await text(request));
      response.end('{}');
    });
    const operations = [{ op: 'test', path: '/a', value: 1 }];
    assert.equal((await transport.patch(path, operations, within)).status, 200);
    await transport.patch(path, { a: null }, within);
    const jsonPatch = ['PATCH', 'application/json-patch+json', JSON.stringify(operations)];
    assert.deepEqual(seen, [...jsonPatch, 'PATCH', 'application/merge-patch+json', '{"a":null}']);
  });

  it('does not send it again where the connection broke: it may have been done', async () => {
    let posts = 0;
    const { transport } = await start((request, response) => {
      if (request.method === 'GET') return response.end('{}');
      posts += 1;
      return reset(request.socket);
    });
    await transport.get(path, within);
    await assert.rejects(transport.post(path, object, within), { code: 'ERR_KUBERNETES_CONNECTION' });
    assert.equal(posts, 1);
  });

  it('is bounded in time, in the size of its answer, and by its caller', async () => {
    const { transport } = await start((request, response) => {
      if (request.url === '/large') response.end(' '.repeat(1001));
    });
    await assert.rejects(transport.post(path, object, { timeoutMs: 50 }), { code: 'ERR_KUBERNETES_TIMEOUT' });
    await assert.rejects(transport.post('/large', object, within), { code: 'ERR_KUBERNETES_RESPONSE_TOO_LARGE' });
    const ending = new AbortController();
    const posting = transport.post(path, object, { ...within, signal: ending.signal });
    ending.abort();
    await assert.rejects(posting, { code: 'ERR_KUBERNETES_ABORTED' });
  });
});
