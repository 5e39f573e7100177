// Calls the API server over one pool of kept-alive connections.

import http, {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import type { Connection, TlsOptions } from './connection.ts';
import { withDeadline } from './deadline.ts';
import { KubernetesError } from './errors.ts';
import { toKubernetesError } from './socket-errors.ts';

/** Far above what runs at once (live reads are coalesced, a watch takes one), far below what an API server minds. */
const maxSockets = 32;

/** First TCP keep-alive probe on a silent connection; client-go's HTTP/2 sends its ping after 30 s. */
const tcpKeepAliveMs = 15_000;

/** 16 times a page of 500 service accounts of 1 KB each. */
const defaultMaxBodyBytes = 8 * 1024 * 1024;

/** How the transport presents and protects itself. */
export type TransportOptions = {
  /** Ours, for `User-Agent: irsa-webhook/<version>`. */
  readonly version: string;
  /** A longer body is ERR_KUBERNETES_RESPONSE_TOO_LARGE. Default 8 MiB. */
  readonly maxBodyBytes?: number;
};

/** What ends a call early. */
export type CallOptions = {
  /** The whole call: credential, waiting for a connection, the answer, its body, and a second try. */
  readonly timeoutMs: number;
  /** Ends the call at once. */
  readonly signal?: AbortSignal;
};

/** An answer of any status. */
export type ApiResponse = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** UTF-8 text; JSON when the API server itself answered. */
  readonly body: string;
};

/** Calls to one API server. */
export type Transport = {
  /**
   * Reads `path`, which starts with a slash and may have a query. Every status is an answer; a rejection is always a
   * KubernetesError. One more try is made after a 401 and after an idle connection turned out to be dead.
   */
  get(path: string, options: CallOptions): Promise<ApiResponse>;
  /** Ends all calls with ERR_KUBERNETES_ABORTED and closes all connections. */
  close(): void;
};

/** Returns a transport; it connects with the first call. */
export function createTransport(connection: Connection, options: TransportOptions): Transport {
  const { maxBodyBytes = defaultMaxBodyBytes } = options;
  const { origin } = connection;
  const client = origin.protocol === 'https:' ? https : http;
  const { hostname, port } = urlToHttpOptions(origin);
  const pathPrefix = origin.pathname.replace(/\/$/, '');
  const closing = new AbortController();

  let current: { readonly tls: TlsOptions; readonly agent: http.Agent } | undefined;

  /** New TLS options get a new agent; the calls of the old one end in peace. */
  const agentOfNow = () => {
    const tls = connection.tls();
    if (current?.tls !== tls) {
      if (current !== undefined) drain(current.agent);
      current = { tls, agent: createAgent(client, tls) };
    }
    return current.agent;
  };

  const send = async (path: string, authorization: string | undefined, signal: AbortSignal) => {
    const agent = agentOfNow();
    const request: RequestOptions = {
      agent,
      hostname,
      port,
      path: pathPrefix + path,
      headers: {
        accept: 'application/json',
        'user-agent': `irsa-webhook/${options.version}`,
        ...(authorization !== undefined && { authorization }),
      },
      signal,
    };
    const firstTry = client.request(request);
    try {
      return await answerTo(firstTry);
    } catch (error) {
      if (!firstTry.reusedSocket || !wasReset(error)) throw error;
      // The API server closed the idle connection while we wrote to it; the other idle ones may be as dead.
      closeIdleSockets(agent);
      return answerTo(client.request(request));
    }
  };

  /** Returns an answer whose body is still to be read; the signal ends it. */
  const open = async (path: string, signal: AbortSignal) => {
    const authorization = await connection.authorization();
    signal.throwIfAborted();
    const response = await send(path, authorization, signal);
    if (response.statusCode !== 401) return response;
    response.destroy();
    connection.refused(authorization);
    const renewed = await connection.authorization();
    signal.throwIfAborted();
    return send(path, renewed, signal);
  };

  return {
    async get(path, { timeoutMs, signal }) {
      const url = origin.origin + pathPrefix + path.replace(/\?.*/s, '');
      const signals = signal === undefined ? [closing.signal] : [closing.signal, signal];
      try {
        return await withDeadline({ timeoutMs, signals, expected: `an answer from ${url}` }, async (ended) => {
          const response = await open(path, ended);
          const body = await readBody(response, maxBodyBytes, url);
          return { status: response.statusCode ?? 0, headers: response.headers, body };
        });
      } catch (error) {
        throw toKubernetesError(error, url);
      }
    },
    close() {
      closing.abort();
      // Or a call that waited for a connection would get one now, and leave it idle.
      if (current !== undefined) drain(current.agent);
    },
  };
}

function createAgent(client: typeof http | typeof https, tls: TlsOptions): http.Agent {
  // Said out loud, or NODE_TLS_REJECT_UNAUTHORIZED=0 would switch verification off.
  const options = { keepAlive: true, keepAliveMsecs: tcpKeepAliveMs, maxSockets, rejectUnauthorized: true, ...tls };
  return new client.Agent(options);
}

/** Lets an agent's calls end, those that wait for a connection too, and closes each connection after its last one. */
function drain(agent: http.Agent): void {
  agent.maxFreeSockets = 0;
  closeIdleSockets(agent);
}

function closeIdleSockets(agent: http.Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy();
  }
}

/** Sends a request without a body and returns the head of its answer. */
function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('close', () => reject(new Error('The request was closed before an answer came')));
    request.on('response', resolve);
    request.end();
  });
}

/** Node reports a reset before the answer, and an end before the answer, as ECONNRESET ("socket hang up"). */
function wasReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

async function readBody(response: IncomingMessage, maxBodyBytes: number, url: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) {
      throw new KubernetesError(
        'ERR_KUBERNETES_RESPONSE_TOO_LARGE',
        `Expected at most ${maxBodyBytes} bytes from ${url}, got more: ask for smaller pages by limit=`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
