// Bodies that come in crumbs.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../../src/server/listen.ts';
import { useScope } from '../kubernetes/scope.ts';

const head = 'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunk = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n`;
const end = '0\r\n\r\n';

describe('server/whole-pieces', () => {
  const scope = useScope();

  /** Returns what is answered to a body, and how many pieces of it the application has had. */
  async function send(body: string, isPaused = false): Promise<{ readonly answer: string; readonly pieces: number }> {
    let pieces = 0;
    const listener = await listen(
      (request, response) => {
        request.on('data', () => (pieces += 1)).on('end', () => response.end(String(pieces)));
        if (isPaused) request.pause();
      },
      { port: 0, host: '127.0.0.1' },
    );
    scope.onEnd(() => listener.close());
    const socket = connect(listener.port, '127.0.0.1').on('error', () => undefined);
    scope.onEnd(() => socket.destroy());
    socket.write(head + body);
    // A reset loses nothing here: there is no answer then.
    const answer = await text(socket).catch(() => '');
    return { answer, pieces };
  }

  it('are read where they are few', async () => {
    assert.match((await send(chunk('a').repeat(100) + end)).answer, /\r\n\r\n100$/);
  });

  it('are read where each lies between large ones', async () => {
    const body = (chunk('a') + chunk('b'.repeat(2_000))).repeat(2_000);
    assert.match((await send(body + end)).answer, /\r\n\r\n\d+$/);
  });

  it('cut their connection where they are many', async () => {
    const { answer, pieces } = await send(chunk('a').repeat(100_000) + end);
    assert.equal(answer, '');
    assert.ok(pieces <= 101, String(pieces));
  });

  it('cut it also where nobody reads them', async () => {
    const late = sleep(5_000, 'not cut', { ref: false });
    const cut = send(chunk('a').repeat(100_000) + end, true).then(({ answer }) => answer);
    assert.equal(await Promise.race([cut, late]), '');
  });
});
