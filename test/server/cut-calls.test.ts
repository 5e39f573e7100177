// Calls that end with their connection.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { listen } from '../../src/server/listen.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';
import { servingPair } from './serving-pair.ts';

const callText = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n';

describe('server/cut-calls', () => {
  const scope = useScope();

  for (const isTls of [true, false]) {
    it(`end with an error without a stack, and others keep theirs: ${isTls ? 'TLS' : 'plain HTTP'}`, async () => {
      const errors: Error[] = [];
      const requests: IncomingMessage[] = [];
      const listener = await listen(
        (request) => {
          requests.push(request.on('error', (error) => errors.push(error)));
        },
        { port: 0, host: '127.0.0.1', ...(isTls && { pair: await servingPair() }) },
      );
      scope.onEnd(() => listener.close());
      const { stackTraceLimit } = Error;
      const to = { port: listener.port, host: '127.0.0.1', rejectUnauthorized: false };
      const socket = isTls ? connectTls(to) : connect(to);
      await once(socket, isTls ? 'secureConnect' : 'connect');
      socket.write(callText);
      await eventually('the call', () => requests.length === 1);
      socket.destroy();
      await eventually('its end', () => errors.length === 1);
      assert.equal(errors[0]?.stack, 'Error: aborted');
      assert.equal(Error.stackTraceLimit, stackTraceLimit);
    });
  }
});
