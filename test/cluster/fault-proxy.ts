/** A proxy between the webhook and the API server that is slow, cuts watches, resets connections, or refuses reads. */
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { connect } from './connection.ts';

/** What goes wrong. */
export type Faults = {
  /** Before each piece of a response: a short one is late by so much, and so is each event of a watch. */
  readonly delayMs: number;
  /** How long a watch may last; undefined for as long as it likes. */
  readonly watchMs: number | undefined;
  /** Resets each connection at its second use: in turn before the answer, and in the middle of it. */
  readonly resetsUsed: boolean;
  /** Whether this path is answered with a 503. */
  readonly refuses: (path: string) => boolean;
};

/** A running proxy. */
export type FaultProxy = {
  /** For `--kube-api`. Plain HTTP, on loopback. */
  readonly url: string;
  readonly refusedCount: () => number;
  readonly cutCount: () => number;
  readonly resetCount: () => number;
  /** Closes everything at once. */
  readonly stop: () => Promise<void>;
};

const unavailable = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 503, message: 'refused by a test' };

/** Starts a proxy to the API server of the cluster on a free port; callers bring their own credentials. */
export async function startFaultProxy(cluster: Cluster, faults: Faults): Promise<FaultProxy> {
  const { authorityData } = await connect(cluster.kubeconfigPath);
  const ca = authorityData === undefined ? undefined : Buffer.from(authorityData, 'base64');
  const agent = new https.Agent({ keepAlive: true, ...(ca && { ca }) });
  let refusedCount = 0;
  let cutCount = 0;
  let resetCount = 0;
  const used = new WeakSet<Socket>();

  const forward = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { url = '/', method, headers } = request;
    if (faults.refuses(url)) {
      refusedCount += 1;
      response.writeHead(503, { 'content-type': 'application/json' }).end(JSON.stringify(unavailable));
      return;
    }
    const reset = resetOf(request.socket);
    if (reset === 'before the answer') {
      request.socket.resetAndDestroy();
      return;
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { host: _host, ...kept } = headers;
    const sent = https.request(`${cluster.origin}${url}`, { agent, method, headers: kept, signal: gone.signal });
    request.pipe(sent);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event is documented to carry
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    await sleep(faults.delayMs);
    response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
    const timer = isWatch(url) && faults.watchMs !== undefined ? setTimeout(cut, faults.watchMs, response) : undefined;
    try {
      for await (const piece of answer as AsyncIterable<Buffer>) {
        if (isWatch(url)) await sleep(faults.delayMs);
        if (reset === 'in the middle') {
          response.write(piece.subarray(0, 1), () => request.socket.resetAndDestroy());
          return;
        }
        response.write(piece);
      }
      response.end();
    } finally {
      clearTimeout(timer);
    }
  };
  /** When the connection of a call is to be reset. */
  const resetOf = (socket: Socket): 'before the answer' | 'in the middle' | 'never' => {
    const isUsed = used.has(socket);
    used.add(socket);
    if (!faults.resetsUsed || !isUsed) return 'never';
    resetCount += 1;
    return resetCount % 2 === 0 ? 'in the middle' : 'before the answer';
  };
  const cut = (response: ServerResponse): void => {
    cutCount += 1;
    response.destroy();
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
    refusedCount: () => refusedCount,
    cutCount: () => cutCount,
    resetCount: () => resetCount,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

function isWatch(url: string): boolean {
  return url.includes('watch=true');
}
