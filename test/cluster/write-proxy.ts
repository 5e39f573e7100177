/** A proxy between one replica and the API server that sees each write of a rotation, and can end the replica there. */
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import type { Cluster } from './cluster.ts';
import { connect } from './connection.ts';

/** A write of a rotation; a bundle is written to hold the next authority, and later not to hold the old one. */
export type RotationWrite = 'bundle' | 'create' | 'introduce' | 'retire' | 'switch';

/** Where something happens: before the API server has the write, or after it has done it and nobody was told. */
export type When = 'after' | 'before';

/** A running proxy. */
export type WriteProxy = {
  /** For `--kube-api`. Plain HTTP, on loopback. */
  readonly url: string;
  /** Closes everything at once. */
  readonly stop: () => Promise<void>;
};

/** Returns whether to go on; where not, nothing more comes of the write. */
export type Gate = (write: RotationWrite, when: When) => Promise<boolean>;

/** Starts a proxy to the API server of the cluster on a free port; the caller brings its own credentials. */
export async function startWriteProxy(cluster: Cluster, gate: Gate): Promise<WriteProxy> {
  const { authorityData } = await connect(cluster.kubeconfigPath);
  const ca = authorityData === undefined ? undefined : Buffer.from(authorityData, 'base64');
  const agent = new https.Agent({ keepAlive: true, ...(ca && { ca }) });

  const forward = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { url = '/', method = 'GET', headers } = request;
    const body = method === 'GET' ? '' : await text(request);
    const write = writeOf(method, url, body);
    if (write !== undefined && !(await gate(write, 'before'))) return void response.destroy();
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { host: _host, ...kept } = headers;
    const sent = https.request(`${cluster.origin}${url}`, { agent, method, headers: kept, signal: gone.signal });
    sent.end(body);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event is documented to carry
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const isDone = answer.statusCode === 200 || answer.statusCode === 201;
    if (write !== undefined && isDone && !(await gate(write, 'after'))) return void response.destroy();
    response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
    for await (const piece of answer) response.write(piece);
    response.end();
    return undefined;
  };
  const server = http.createServer((request, response) => {
    // Either side has gone: so does the other.
    forward(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address, got none.');
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

/** Returns which write of a rotation a request is. */
function writeOf(method: string, url: string, body: string): RotationWrite | undefined {
  if (method === 'POST') return url.endsWith('/secrets') ? 'create' : undefined;
  if (method !== 'PATCH') return undefined;
  if (url.includes('webhookconfigurations/')) return 'bundle';
  if (!url.includes('/secrets/')) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the program under test writes it like that
  const { data } = JSON.parse(body) as { data: Readonly<Record<string, string | null>> };
  if (typeof data['next-ca.crt'] === 'string') return 'introduce';
  return typeof data['old-ca.crt'] === 'string' ? 'switch' : 'retire';
}
