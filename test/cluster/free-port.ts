/** Finds a TCP port of the loopback interface that nobody listens on. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Returns a port that was free a moment ago; another process may take it before the caller does. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address, got none.');
  return address.port;
}
