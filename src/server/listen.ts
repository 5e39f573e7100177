// Opens a port, with the time limits that every connection is under, and closes it without losing a call.
import { createServer as createHttpServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { Server as TcpServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SecureVersion } from 'node:tls';

/** A certificate and its key, in PEM. */
export type ServingPair = { readonly cert: string; readonly key: string };

/** Where to listen; port 0 takes a free one. Without a pair the port is plain HTTP. */
export type ListenOptions = {
  readonly port: number;
  readonly host?: string;
  readonly pair?: ServingPair;
  /** Told of each handshake that failed, such as one whose caller does not trust the certificate. */
  readonly onHandshakeError?: (code: string) => void;
  /** The flag that the port comes from, for the message where it cannot be opened. */
  readonly flag?: string;
  /** Restrictions of TLS; only with a pair. */
  readonly tls?: { readonly minVersion: SecureVersion; readonly ciphers?: string };
};

/** An open port. */
export type Listener = {
  readonly port: number;
  /**
   * Answers with `Connection: close` from now on, for a moment to new calls too, so that callers go to another replica.
   * Then takes no more connections, lets the calls in flight end and resolves when all connections are gone; what is
   * left `hardEndMs` after that moment is cut.
   */
  readonly drain: (hardEndMs: number) => Promise<void>;
};

/** The port could not be opened. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code = 'ERR_LISTEN';
}

const limits = {
  /** The API server keeps idle connections for 90 s (client-go transport); who closes first loses calls. */
  keepAliveTimeout: 95_000,
  /**
   * Counts from the opening of a connection, and Go's client opens some ahead of need: not shorter than the 30 s that
   * the API server waits at most. controller-runtime has the same (its answer to slowloris).
   */
  headersTimeout: 32_000,
  /** The API server waits 30 s at most for a webhook; the reserve is for a slow way. */
  requestTimeout: 35_000,
  /** How often the two limits above are looked at; the default of 30 s would make them three times as long. */
  connectionsCheckingInterval: 1_000,
};
/** The API server gives up a handshake after 10 s. */
const handshakeTimeoutMs = 5_000;
/** How long new calls are still answered while the port is drained. */
const lastCallMs = 1_000;
/** A call whose headers are on the way when the drain begins has so long to come; whoever stops half-way is cut. */
const halfSentGraceMs = 1_000;
/** How often connections are looked at while the port is drained. */
const closeIdleIntervalMs = 50;

/** Opens the port. Rejects with a {@link ListenError} that names it. */
export async function listen(app: RequestListener, options: ListenOptions): Promise<Listener> {
  const { port, host, pair, tls = { minVersion: 'TLSv1.2' } } = options;
  const calls = createOpenCalls();
  const connections = new Set<Socket>();
  const onCall: RequestListener = (request, response) => {
    calls.add(response);
    app(request, response);
  };
  const server = pair
    ? createHttpsServer({ ...limits, ...pair, ...tls, handshakeTimeout: handshakeTimeoutMs }, onCall)
    : createHttpServer(limits, onCall);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // Throws where the number is none of a port.
      server.listen({ port, host }, resolve);
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const flag = options.flag === undefined ? '' : ` (${options.flag})`;
    throw new ListenError(`cannot listen on port ${String(port)}${flag}: ${message}`, { cause });
  }
  server.on(pair ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  // A handshake that fails, a connection that is reset: nothing to answer, nothing to crash for.
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
    options.onHandshakeError?.(error.code ?? error.message);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    drain: async (hardEndMs) => {
      calls.letNoneBeKeptAlive();
      await untilNone(connections, lastCallMs);
      const closed = stopListening(server);
      // What was accepted last may have a call on its way.
      await untilNone(connections, halfSentGraceMs);
      for (const socket of connections) if (!calls.has(socket)) socket.destroy();
      await endConnections(server, closed, hardEndMs);
    },
  };
}

/**
 * Resolves when there are no connections any more, at the latest after `timeoutMs`. That gives every caller the time to
 * make one more call, and to be told with its answer that the connection ends: closing an idle connection loses the call
 * that is on its way over it.
 */
async function untilNone(connections: ReadonlySet<Socket>, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (connections.size > 0 && performance.now() < endMs) await sleep(closeIdleIntervalMs);
}

/** Takes no more connections; resolves when all that there are have ended. */
async function stopListening(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    // Not the server's own close(), which begins by closing what is idle.
    TcpServer.prototype.close.call(server, () => {
      resolve();
    });
  });
}

type OpenCalls = {
  readonly add: (response: ServerResponse) => void;
  /** Returns whether a call has come over this connection that is not answered yet. */
  readonly has: (socket: Socket) => boolean;
  /** Ends each connection with its next answer, also with those of calls that came before this. */
  readonly letNoneBeKeptAlive: () => void;
};

/**
 * A connection that is closed after an answer which promised to keep it loses the caller's next call. So the answers of
 * calls in flight must know of the end, too, which no middleware can do: it ran when they came.
 */
function createOpenCalls(): OpenCalls {
  // No Set: each time that one outgrows its table, the old table keeps the new one and the calls in it alive until the
  // next full collection (V8), and a server full of reviews grows by a megabyte at each small one.
  const open: OpenCall[] = [];
  let keepAlive = true;
  return {
    add: (response) => {
      if (!keepAlive) response.shouldKeepAlive = false;
      const call: OpenCall = { response, index: open.length };
      open.push(call);
      response.once('close', () => {
        const last = open.pop();
        if (last === undefined || last === call) return;
        open[call.index] = last;
        last.index = call.index;
      });
    },
    has: (socket) => open.some(({ response }) => response.socket === socket),
    letNoneBeKeptAlive: () => {
      keepAlive = false;
      for (const { response } of open) response.shouldKeepAlive = false;
    },
  };
}

/** A call, and its place among those that are open. */
type OpenCall = { readonly response: ServerResponse; index: number };

/** Closes connections as they become idle, until all have ended; what is left after `hardEndMs` is cut. */
async function endConnections(server: Server, closed: Promise<void>, hardEndMs: number): Promise<void> {
  const sweep = setInterval(() => {
    server.closeIdleConnections();
  }, closeIdleIntervalMs);
  const hardEnd = setTimeout(() => {
    server.closeAllConnections();
  }, hardEndMs);
  try {
    await closed;
  } finally {
    clearInterval(sweep);
    clearTimeout(hardEnd);
  }
}
