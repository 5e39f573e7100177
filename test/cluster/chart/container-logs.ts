/** What `kubectl logs` and `helm test` read: the port of the kubelet from which the API server fetches logs. */
import { once } from 'node:events';
import https from 'node:https';
import { createSelfSignedPair } from '../../../src/certificates/self-signed.ts';

/** A running server. */
export type LogServer = { readonly port: number; readonly stop: () => Promise<void> };

/** Serves logs on a free port of loopback; the API server verifies no certificate of a kubelet unless it is told to. */
export async function serveLogs(
  readLog: (namespace: string, podName: string) => Promise<string | undefined>,
): Promise<LogServer> {
  const { cert, key } = await createSelfSignedPair(['127.0.0.1']);
  const server = https.createServer({ cert, key }, (request, response) => {
    const [, namespace = '', podName = ''] = /^\/containerLogs\/([^/]+)\/([^/]+)\//.exec(request.url ?? '') ?? [];
    readLog(namespace, podName)
      .then((log) => response.writeHead(log === undefined ? 404 : 200, { 'content-type': 'text/plain' }).end(log))
      .catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address, got none.');
  return {
    port: address.port,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
