// Calls the API server over kept-alive connections.

import http, {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { type CollectedBody, createBodyMemory } from './body-memory.ts';
import type { Connection } from './connection.ts';
import { closeIdleSockets, createConnectionPools, type PoolName } from './connection-pools.ts';
import { type Ending, withDeadline } from './deadline.ts';
import { createEndController, type EndSignal } from './end-signal.ts';
import { KubernetesError } from './errors.ts';
import { endOnAbort, readChunks } from './response-stream.ts';
import { toKubernetesError } from './socket-errors.ts';

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
  readonly signal?: EndSignal;
  /** In place of the transport's. */
  readonly maxBodyBytes?: number;
};

/** What ends a stream early. */
export type StreamOptions = {
  /** Until the headers: credential, waiting for a connection, and a second try. The body of a refusal counts in it. */
  readonly timeoutMs: number;
  /** Ends the call, and the stream that came of it, at once. */
  readonly signal?: AbortSignal;
};

/** An answer of any status. */
export type ApiResponse = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** UTF-8 text; JSON when the API server itself answered. */
  readonly body: string;
};

/** An answer whose body has no end of its own, such as a watch's. */
export type ApiStream = {
  /** 2xx. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /**
   * UTF-8 text in pieces that end anywhere but inside a character. To be read once; leaving the loop, the signal and
   * close() end the connection. What the loop throws is always a KubernetesError; without one the server ended the
   * body as it should. How long a piece may take, and how much is kept, is for the reader to bound.
   */
  readonly chunks: AsyncIterable<string>;
};

/** Calls to one API server. */
export type Transport = {
  /**
   * Reads `path`, which starts with a slash and may have a query. Every status is an answer; a rejection is always a
   * KubernetesError. One more try is made after a 401, and after a connection that was used before broke while the answer
   * was not whole: that try has a new connection.
   */
  get(path: string, options: CallOptions): Promise<ApiResponse>;
  /**
   * Creates what `body` says, as JSON, in the collection `path`. Answers and rejections are as with get(), but there is
   * one more try after a 401 only: where a connection broke, the API server may have done what it was asked.
   */
  post(path: string, body: object, options: CallOptions): Promise<ApiResponse>;
  /**
   * Changes the object `path` as `patch` says: an array is a JSON Patch (RFC 6902), an object a JSON Merge Patch (RFC
   * 7386). Answers, rejections and second tries are as with post().
   */
  patch(path: string, patch: object, options: CallOptions): Promise<ApiResponse>;
  /**
   * Opens `path` as get() does, with the same second tries, and returns as soon as the headers are here. An answer that
   * is not 2xx is read to its end instead. Streams have connections of their own, so that no read waits for one.
   */
  stream(path: string, options: StreamOptions): Promise<ApiStream | ApiResponse>;
  /** Ends all calls with ERR_KUBERNETES_ABORTED and closes all connections. */
  close(): void;
};

/** What is sent; a call without a body is a GET. */
type Call = { readonly path: string; readonly pool: PoolName; readonly body?: Body };

/** Makes of an answer what the caller gets. Where it waits, a reset still leads to a second try. */
type Take<Taken> = (response: IncomingMessage) => Promise<Taken> | Taken;

type Body = { readonly method: 'PATCH' | 'POST'; readonly type: string; readonly text: string };

/** Returns a transport; it connects with the first call. */
export function createTransport(connection: Connection, options: TransportOptions): Transport {
  const { origin } = connection;
  const client = origin.protocol === 'https:' ? https : http;
  const { hostname, port } = urlToHttpOptions(origin);
  const pathPrefix = origin.pathname.replace(/\/$/, '');
  const closing = createEndController();
  const pools = createConnectionPools(connection);
  const startBody = createBodyMemory();
  /**
   * Connections over which an answer has come. Node's reusedSocket is false where a call has waited for a connection, and true
   * where it has one that was made for a call that ended before. The agent's `free` is emitted for new ones as well.
   */
  const used = new WeakSet<object>();
  const isUsed = ({ socket }: ClientRequest) => socket !== null && used.has(socket);

  /** A list of names and values, Node writes as it is; an object, it goes through several times. */
  const ownHeaders = [
    'Host',
    origin.host,
    'Accept',
    'application/json',
    'User-Agent',
    `irsa-webhook/${options.version}`,
  ];
  const headersOf = (authorization: string | undefined, body: Body | undefined): string[] => {
    const headers = [...ownHeaders];
    if (authorization !== undefined) headers.push('Authorization', authorization);
    if (body !== undefined) {
      headers.push('Content-Type', body.type, 'Content-Length', String(Buffer.byteLength(body.text)));
    }
    return headers;
  };

  const send = async <Taken>(
    { path, pool, body }: Call,
    authorization: string | undefined,
    ending: Ending,
    take: Take<Taken>,
  ): Promise<Taken> => {
    // Getting the authorization may have taken all the time there was.
    if (ending.over !== undefined) throw ending.over;
    const agent = pools.agentOf(pool);
    const request: RequestOptions = {
      agent,
      hostname,
      port,
      path: pathPrefix + path,
      method: body?.method ?? 'GET',
      headers: headersOf(authorization, body),
    };
    const firstTry = client.request(request);
    let wasUsed: boolean | undefined;
    try {
      const response = await answerTo(firstTry, body?.text, ending);
      wasUsed = isUsed(firstTry);
      used.add(response.socket);
      return await take(response);
    } catch (error) {
      wasUsed ??= isUsed(firstTry);
      // An abort looks like a reset from here.
      if (isOver(ending) || body !== undefined || !wasUsed || !wasReset(error)) throw error;
      // The API server closed the idle connection while we wrote to it; the other idle ones may be as dead.
      closeIdleSockets(agent);
      const secondTry = client.request({ ...request, agent: pools.agentOf('fresh') });
      return take(await answerTo(secondTry, undefined, ending));
    }
  };

  /** Returns what `take` made of the answer; its request is the step that is under way until then. */
  const answered = async <Taken extends object>(call: Call, ending: Ending, take: Take<Taken>): Promise<Taken> => {
    const authorization = await connection.authorization();
    const taken = await send(call, authorization, ending, (response) => {
      if (response.statusCode !== 401) return take(response);
      response.destroy();
      return undefined;
    });
    if (taken !== undefined) return taken;
    connection.refused(authorization);
    return send(call, await connection.authorization(), ending, take);
  };

  /** What is told of a path: its query may hold a continue token, which helps nobody. */
  const urlOf = (path: string) => origin.origin + pathPrefix + path.replace(/\?.*/s, '');
  const signalsOf = (signal: EndSignal | undefined) =>
    signal === undefined ? [closing.signal] : [closing.signal, signal];

  const defaultMax = options.maxBodyBytes ?? defaultMaxBodyBytes;
  const ask = async (call: Call, { timeoutMs, signal, maxBodyBytes = defaultMax }: CallOptions) => {
    const url = () => urlOf(call.path);
    const limits = { timeoutMs, signals: signalsOf(signal), expected: () => `an answer from ${url()}` };
    try {
      const readWhole = (response: IncomingMessage) => readAnswer(response, startBody(), { maxBodyBytes, url });
      return await withDeadline(limits, (ending) => answered(call, ending, readWhole));
    } catch (error) {
      throw toKubernetesError(error, url());
    }
  };

  return {
    get: (path, callOptions) => ask({ path, pool: 'reads' }, callOptions),
    async post(path, object, callOptions) {
      const body: Body = { method: 'POST', type: 'application/json', text: JSON.stringify(object) };
      return ask({ path, pool: 'reads', body }, callOptions);
    },
    async patch(path, patch, callOptions) {
      const type = Array.isArray(patch) ? 'application/json-patch+json' : 'application/merge-patch+json';
      return ask({ path, pool: 'reads', body: { method: 'PATCH', type, text: JSON.stringify(patch) } }, callOptions);
    },
    async stream(path, { timeoutMs, signal }) {
      const url = () => urlOf(path);
      const signals = signalsOf(signal);
      try {
        const limits = { timeoutMs, signals, expected: () => `an answer from ${url()}` };
        const take: Take<ApiStream | ApiResponse> = (response) => {
          const { statusCode: status = 0, headers } = response;
          if (status < 200 || status > 299) {
            return readAnswer(response, startBody(), { maxBodyBytes: defaultMax, url });
          }
          endOnAbort(response, signals, url());
          return { status, headers, chunks: readChunks(response, url()) };
        };
        return await withDeadline(limits, (ending) => answered({ path, pool: 'streams' }, ending, take));
      } catch (error) {
        throw toKubernetesError(error, url());
      }
    },
    close() {
      closing.abort();
      // Or a call that waited for a connection would get one now, and leave it idle.
      pools.drain();
    },
  };
}

/**
 * Sends a request and returns the head of its answer. Until the body is read as well the request is the step to end: Node
 * does the same for a request that is given a signal, by watching it as a stream, which costs as much as sending it.
 */
function answerTo(request: ClientRequest, text: string | undefined, ending: Ending): Promise<IncomingMessage> {
  // The request itself, not a function that destroys it: V8 makes a function literal that is assigned to a property in its
  // old generation (CheckAssigningFunctionLiteralToProperty of its parser), where all that it refers to stays alive until the
  // next full collection.
  ending.step = request;
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    request.on('error', reject);
    // Every request is closed at last, and an Error is dear: it looks through the stack.
    request.on('close', () => {
      if (!isAnswered) reject(new Error('The request was closed before an answer came'));
    });
    request.on('response', (response) => {
      isAnswered = true;
      resolve(response);
    });
    request.end(text);
  });
}

/** A function, since the compiler takes what was looked at before an await to be so after it. */
function isOver({ over }: Ending): boolean {
  return over !== undefined;
}

/** Node reports a reset before the answer, and an end before the answer, as ECONNRESET ("socket hang up"). */
function wasReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

/** By the events of its body: a loop over the stream costs a read of one account a tenth of its time. */
function readAnswer(
  response: IncomingMessage,
  collected: CollectedBody,
  { maxBodyBytes, url }: { readonly maxBodyBytes: number; readonly url: () => string },
): Promise<ApiResponse> {
  let bytes = 0;
  return new Promise((resolve, reject) => {
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) {
        response.destroy(
          new KubernetesError(
            'ERR_KUBERNETES_RESPONSE_TOO_LARGE',
            `Expected at most ${maxBodyBytes} bytes from ${url()}, got more: ask for smaller pages by limit=`,
          ),
        );
      } else collected.add(chunk);
    });
    response.on('end', () => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: collected.text() });
    });
    response.on('error', reject);
    response.on('close', () => {
      collected.release();
      if (!response.readableEnded) reject(new Error('The connection was closed before the answer was whole'));
    });
  });
}
