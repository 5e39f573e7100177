// An API server for tests: a real socket, any behaviour, everything counted.

import assert from 'node:assert/strict';
import http, { type RequestListener } from 'node:http';
import https, { type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Scope } from './scope.ts';

export type FakeApiServer = {
  readonly url: string;
  /** Open connections. */
  readonly sockets: ReadonlySet<Socket>;
  /** Connections since the start, also those that never became a request. */
  connectionCount(): number;
  readonly server: http.Server | https.Server;
};

/** Starts a server on loopback that the scope stops; `tls` makes it https. */
export async function startFakeApiServer(
  scope: Scope,
  answer: RequestListener,
  tls?: ServerOptions,
): Promise<FakeApiServer> {
  const server = tls === undefined ? http.createServer(answer) : https.createServer(tls, answer);
  const sockets = new Set<Socket>();
  let connectionCount = 0;
  server.on('connection', (socket: Socket) => {
    connectionCount += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.onEnd(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        for (const socket of sockets) socket.destroy();
      }),
  );
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    sockets,
    connectionCount: () => connectionCount,
    server,
  };
}

/** Ends a request's connection by a TCP reset. */
export function reset(socket: Socket | TLSSocket): void {
  if ('encrypted' in socket) socket.destroy();
  else socket.resetAndDestroy();
}
