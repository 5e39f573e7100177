// A server on a free port of loopback.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Scope } from '../kubernetes/scope.ts';

/** Answers a request; `body` is all of it. */
export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** Starts it and returns its URL, without a path; the scope ends it. */
export async function startLoopbackServer(scope: Scope, answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    const receive = async (): Promise<void> => {
      answer(request, response, await text(request));
    };
    void receive();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('expected a port, got none');
  return `http://127.0.0.1:${String(address.port)}`;
}
