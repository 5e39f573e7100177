// Too many connections: who is closed to make room, who is not, and who is not taken.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnections } from '../../src/server/connections.ts';
import { type Listener, listen } from '../../src/server/listen.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';
import { call } from './call.ts';
import { servingPair } from './serving-pair.ts';

const max = 20;
/** From the 18th on room is made, for one at a time. */
const crowd = 17;
const notFreshMs = 300;

const openOnes = (sockets: readonly Socket[]): number => sockets.filter(({ closed }) => !closed).length;

describe('server/connections', () => {
  const scope = useScope();

  async function start(isTls = false) {
    const held: ServerResponse[] = [];
    const events: string[] = [];
    const pair = isTls ? { pair: await servingPair() } : {};
    const listener: Listener = await listen(
      (request: IncomingMessage, response) => {
        if (request.url === '/held') held.push(response);
        else response.end('ok');
      },
      {
        port: 0,
        host: '127.0.0.1',
        maxConnections: max,
        ...pair,
        observer: {
          onShed: (reason, count) => events.push(`${reason} ${String(count)}`),
          onDrop: () => events.push('new'),
        },
      },
    );
    scope.onEnd(listener.close);
    return { ...listener, held, events };
  }

  async function open({ port }: { readonly port: number }, count = 1): Promise<Socket[]> {
    const sockets: Socket[] = [];
    for (let opened = 0; opened < count; opened += 1) {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.resume();
      scope.onEnd(() => socket.destroy());
      await once(socket, 'connect');
      sockets.push(socket);
    }
    return sockets;
  }

  for (const isTls of [false, true]) {
    it(`the one that is idle longest makes room, also ${isTls ? 'in the middle of a handshake' : 'without TLS'}`, async () => {
      const server = await start(isTls);
      const sockets = await open(server, crowd);
      await eventually('the crowd', () => server.connectionCount() === crowd);
      assert.deepEqual(server.events, []);
      await sleep(notFreshMs);
      await open(server);
      await eventually('the end of the first', () => sockets[0]?.closed === true);
      assert.deepEqual([server.events, openOnes(sockets)], [['idle 1'], crowd - 1]);
      if (isTls) assert.equal((await call({ ...server, ca: (await servingPair()).cert }, '/')).body, 'ok');
    });
  }

  it('one that brought a call before is kept longer than those that never did', async () => {
    const server = await start();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    scope.onEnd(() => {
      agent.destroy();
    });
    await call(server, '/', { agent });
    const [used] = Object.values(agent.freeSockets).flat();
    const sockets = await open(server, crowd - 1);
    for (let later = 0; later < 3; later += 1) {
      await sleep(notFreshMs);
      sockets.push(...(await open(server)));
    }
    await eventually('the end of three', () => openOnes(sockets) === crowd - 1);
    assert.equal(used?.destroyed, false);
    assert.equal((await call(server, '/', { agent })).body, 'ok');
  });

  it('one whose call is being answered is never closed; new ones are not taken then, and counted', async () => {
    const server = await start();
    const answers = Array.from({ length: max }, async () => call(server, '/held'));
    await eventually('the calls', () => server.held.length === max);
    await assert.rejects(call(server, '/'));
    assert.deepEqual(server.events, ['new']);
    for (const response of server.held) response.end('late');
    for (const { body } of await Promise.all(answers)) assert.equal(body, 'late');
    assert.equal((await call(server, '/')).body, 'ok');
  });

  it('one whose body does not come makes room after a second', async () => {
    const server = await start();
    const sockets = await open(server, crowd);
    for (const socket of sockets) socket.write('POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n');
    await eventually('the calls', () => server.held.length === crowd);
    await sleep(1_050);
    await open(server);
    await eventually('the end of the first', () => openOnes(sockets) === crowd - 1);
    assert.deepEqual(server.events, ['slow 1']);
  });

  for (const url of ['/', '/held']) {
    it(`one that sends many calls at once has two answered, in order, and ends: ${url}`, async () => {
      const server = await start();
      const [socket] = await open(server);
      let answered = '';
      socket?.setEncoding('latin1').on('data', (text: string) => {
        answered += text;
      });
      socket?.write(`GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(100));
      if (url === '/held') {
        await eventually('the calls', () => server.held.length === 2);
        for (const response of server.held) response.end('ok');
      }
      await eventually('the end', () => socket?.closed === true);
      const heads = answered.match(/HTTP\/1.1 200 OK|Connection: [a-z-]+/g);
      assert.deepEqual(heads, ['HTTP/1.1 200 OK', 'Connection: keep-alive', 'HTTP/1.1 200 OK', 'Connection: close']);
      assert.equal(server.held.length, url === '/held' ? 2 : 0);
    });
  }

  it('is forgotten when it ends', async () => {
    const server = await start();
    for (const socket of await open(server, 5)) socket.destroy();
    await eventually('the end of all', () => server.connectionCount() === 0);
  });

  it('one that waits for its handshake to begin is not idle, however often that is looked at', () => {
    const handshakes = { timeoutMs: 5_000, onTimeout: () => undefined };
    const connections = createConnections({ max, now: () => performance.now(), onShed: () => undefined, handshakes });
    scope.onEnd(connections.destroyAll);
    const [waiting, silent] = [new Socket(), new Socket()];
    for (const socket of [waiting, silent]) connections.add(socket);
    connections.handshakeWaits(waiting, true);
    for (let looks = 0; looks < 3; looks += 1) connections.closeIdle();
    assert.deepEqual([waiting.writableEnded, silent.writableEnded], [false, true]);

    connections.handshakeWaits(waiting, false);
    connections.closeIdle();
    assert.equal(waiting.writableEnded, true);
  });
});
