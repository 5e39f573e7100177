// The route of the metrics, and the applications' answer to a route that fails.
import assert from 'node:assert/strict';
import { type AddRoutes, createApp } from '../../src/server/app.ts';
import { listen } from '../../src/server/listen.ts';
import { createMetricsRoute } from '../../src/server/metrics-route.ts';
import { useScope } from '../kubernetes/scope.ts';
import { call, type CallTarget } from './call.ts';

const half: AddRoutes = (router) =>
  router.get('/half', (_request, response) => {
    response.writeHead(200, { 'Content-Length': '10' });
    response.write('half');
    throw new Error('late');
  });

describe('server: /metrics', () => {
  const scope = useScope();
  const faults: unknown[] = [];

  beforeEach(() => {
    faults.length = 0;
  });

  async function start(routes: AddRoutes): Promise<CallTarget> {
    const app = createApp({ routes: [routes], onFault: (error) => faults.push(error) });
    const listener = await listen(app, { port: 0, host: '127.0.0.1' });
    scope.onEnd(() => listener.close());
    return listener;
  }

  const contentType = 'text/plain; version=0.0.4; charset=utf-8';
  const rendered = () => Promise.resolve({ contentType, body: 'up 1 # é\n' });

  it('is rendered at each call, with nothing in its head that it needs not', async () => {
    const { status, headers, body } = await call(await start(createMetricsRoute(rendered)), '/metrics');
    assert.deepEqual([status, body], [200, 'up 1 # é\n']);
    const { date, connection, ...rest } = headers;
    assert.deepEqual(rest, { 'content-type': contentType, 'content-length': '10' });
    assert.ok(date !== undefined && connection !== undefined);
  });

  it('has a head of its own', async () => {
    const target = await start(createMetricsRoute(rendered));
    const { status, headers, body } = await call(target, '/metrics', { method: 'HEAD' });
    assert.deepEqual([status, headers['content-length'], body], [200, '10', '']);
  });

  it('answers no other method', async () => {
    const target = await start(createMetricsRoute(rendered));
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await call(target, '/metrics', { method });
      assert.deepEqual([status, headers.allow], [405, 'GET, HEAD']);
    }
  });

  it('that cannot be rendered: 500 without a word of why, and one fault', async () => {
    const secret = new Error('/etc/secret');
    const { status, body } = await call(await start(createMetricsRoute(() => Promise.reject(secret))), '/metrics');
    assert.equal(status, 500);
    assert.match(body, /"message":"internal error"/);
    assert.doesNotMatch(body, /secret/);
    assert.deepEqual(faults, [secret]);
  });

  it('a route that fails in the middle of its answer: the connection is cut, so that no half answer counts', async () => {
    await assert.rejects(call(await start(half), '/half'), { code: 'ECONNRESET' });
    assert.equal(faults.length, 1);
  });

  it('a route that fails after its answer: the answer stays', async () => {
    // More than the kernel takes at once.
    const whole = 'whole '.repeat(2_000_000);
    const routes: AddRoutes = (router) =>
      router.get('/whole', (_request, response) => {
        response.end(whole);
        throw new Error('late');
      });
    assert.ok((await call(await start(routes), '/whole')).body === whole);
    assert.equal(faults.length, 1);
  });
});
