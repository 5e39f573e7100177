// The debugging endpoint: who may read it, and that a large answer does not stop the server.
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { createApp } from '../../src/server/app.ts';
import { createDebugRoute } from '../../src/server/debug-route.ts';
import { listen } from '../../src/server/listen.ts';
import { useScope } from '../kubernetes/scope.ts';
import { call } from './call.ts';

const path = '/debug/alpha/cache';

function onFault(error: unknown): void {
  assert.fail(String(error));
}

describe('server/debug-route', () => {
  const scope = useScope();

  async function start(pieces: () => Iterable<string>): Promise<{ readonly port: number }> {
    const app = createApp({ routes: [createDebugRoute(pieces)], onFault });
    const listener = await listen(app, { port: 0, flag: '--metrics-port' });
    scope.onEnd(async () => listener.close());
    return listener;
  }

  it('answers a caller on loopback with all pieces', async () => {
    const answer = await call(await start(() => ['{"a": ', '1}']), path);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(answer.body, '{"a": 1}');
  });

  it('refuses a caller from another machine, whatever it asks', async function () {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const host = addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    // Only a machine with an address besides loopback can show it.
    if (host === undefined) this.skip();
    const { port } = await start(() => assert.fail('nothing should be read'));
    for (const method of ['GET', 'POST']) {
      const response = await fetch(`http://${host}:${String(port)}${path}`, { method });
      assert.equal(response.status, 403);
      assert.match(
        await response.text(),
        /ERR_NOT_LOOPBACK.*kubectl port-forward|kubectl port-forward.*ERR_NOT_LOOPBACK/,
      );
    }
  });

  it('refuses a page whose name leads to this machine', async () => {
    const { status } = await call(await start(() => ['{}']), path, { headers: { Host: 'evil.example:9999' } });
    assert.equal(status, 403);
  });

  it('only reads', async () => {
    const { status, headers } = await call(await start(() => []), path, { method: 'POST' });
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD']);
  });

  it('answers others while it sends a large answer', async () => {
    const order: string[] = [];
    const listener = await start(function* pieces() {
      for (let index = 0; index < 100_000; index += 1) yield `${String(index)},`;
      order.push('made');
    });
    const large = call(listener, path);
    const small = call(listener, '/none').then(() => order.push('small'));
    const [{ body }] = await Promise.all([large, small]);
    assert.ok(body.endsWith('99998,99999,'));
    assert.deepEqual(order, ['small', 'made']);
  });
});
