// Bytes that are no HTTP, as a caller sees their answer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { listen } from '../../src/server/listen.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';

const good = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
const bad = 'no HTTP\r\n\r\n';

describe('server/client-errors', () => {
  const scope = useScope();

  /** Returns all that comes back until the connection is closed. */
  async function say(app: RequestListener, first: string, then?: string): Promise<string> {
    const listener = await listen(app, { port: 0, host: '127.0.0.1' });
    scope.onEnd(() => listener.close());
    const socket = connect(listener.port, '127.0.0.1');
    scope.onEnd(() => socket.destroy());
    socket.write(first);
    if (then !== undefined) {
      await once(socket, 'readable');
      socket.write(then);
    }
    return text(socket);
  }

  it('are answered with 400 after the last answer', async () => {
    const answers = await say((_, response) => response.end('ok'), good, bad);
    assert.match(
      answers,
      /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nokHTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n\r\n$/,
    );
  });

  it('are answered with 400 once, however many come', async () => {
    const answers = await say((_, response) => response.end(), bad.repeat(1_000));
    assert.equal(answers, 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });

  it('cut the connection in the middle of an answer, of which a 400 would be taken for a part', async () => {
    const answers = await say(
      (_, response) => {
        response.writeHead(200, { 'Content-Length': '100' }).write('the first bytes');
      },
      good,
      bad,
    );
    assert.match(answers, /\r\n\r\nthe first bytes$/);
  });

  it('cut the connection of a caller that does not read the answer', async () => {
    const listener = await listen(
      ({ socket }) => {
        socket.write(Buffer.alloc(32 * 1024 * 1024));
      },
      { port: 0, host: '127.0.0.1' },
    );
    scope.onEnd(() => listener.close());
    const socket = connect(listener.port, '127.0.0.1').on('error', () => undefined);
    scope.onEnd(() => socket.destroy());
    socket.write(good + bad);
    await eventually('the connection', () => listener.connectionCount() === 1);
    await eventually('its end', () => listener.connectionCount() === 0);
  });
});
