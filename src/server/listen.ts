// Opens a port, with the limits that every connection is under.
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { ShedReason } from './connection.ts';
import { answerClientErrors } from './client-errors.ts';
import { createConnections } from './connections.ts';
import { cut, drain, type DrainTimes } from './drain.ts';
import { handshakeTimeoutCode } from './handshake-errors.ts';
import { beginTlsLate } from './late-tls.ts';
import { connectionLimits, handshakeTimeoutMs, usualMaxConnections } from './limits.ts';
import { secureContextOptions, type ServingPair, type TlsMaterial, type TlsSettings } from './tls-options.ts';
import { WholePieces } from './whole-pieces.ts';

/** Where to listen; port 0 takes a free one. Without a pair the port is plain HTTP. */
export type ListenOptions = {
  readonly port: number;
  readonly host?: string;
  readonly pair?: ServingPair;
  /** Restrictions of TLS; only with a pair. */
  readonly tls?: TlsSettings;
  /** Authorities in PEM. With them each caller is asked for a certificate, and may still have none: see `callers.ts`. */
  readonly clientAuthorities?: string;
  /** The flag that the port comes from, for the message where it cannot be opened. */
  readonly flag?: string;
  /** More connections are not taken. */
  readonly maxConnections?: number;
  /** For a test; the usual time limits else. */
  readonly timeouts?: Partial<typeof connectionLimits>;
  readonly observer?: ConnectionObserver;
};

/** Is told of connections. */
export type ConnectionObserver = {
  /** A handshake that failed, such as one whose caller does not trust the certificate. */
  readonly onHandshakeError?: (code: string) => void;
  /** Connections that were closed to make room. */
  readonly onShed?: (reason: ShedReason, count: number) => void;
  /** A connection that was not taken. */
  readonly onDrop?: () => void;
};

/** An open port. */
export type Listener = {
  readonly port: number;
  readonly connectionCount: () => number;
  /**
   * Serves new connections with this from now on, and with what was served before where it says nothing. Open connections
   * stay as they are, but for new authorities of callers: each that there is then ends with its next answer. Throws where
   * it cannot serve, and changes nothing then.
   */
  readonly use: (change: Partial<TlsMaterial>) => void;
  /** Closes the port without losing a call. */
  readonly drain: (times: DrainTimes) => Promise<void>;
  /** Closes the port and cuts all its connections. */
  readonly close: () => Promise<void>;
};

/** The port could not be opened. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code = 'ERR_LISTEN';
}

/** Opens the port. Rejects with a {@link ListenError} that names it. */
export async function listen(app: RequestListener, options: ListenOptions): Promise<Listener> {
  const { maxConnections = usualMaxConnections, observer = {} } = options;
  const onHandshakeError = (code: string): void => observer.onHandshakeError?.(code);
  const begun = new WeakSet<Socket>();
  // Each handshake that has begun, and is cut for its time, comes back as a connection that was reset.
  let cutHandshakes = 0;
  const onHandshakeTimeout = (accepted: Socket): void => {
    if (begun.has(accepted)) cutHandshakes += 1;
    onHandshakeError(handshakeTimeoutCode);
  };
  const connections = createConnections({
    max: maxConnections,
    now: () => performance.now(),
    onShed: (reason, count) => observer.onShed?.(reason, count),
    ...(options.pair && { handshakes: { timeoutMs: handshakeTimeoutMs, onTimeout: onHandshakeTimeout } }),
  });
  const onCall: RequestListener = (request, response) => {
    if (connections.addCall(request, response)) app(request, response);
  };
  const { server, use } = createServer(onCall, options);
  server.maxConnections = maxConnections;
  if (server instanceof HttpsServer) {
    beginTlsLate(server, {
      onWait: (socket) => {
        connections.handshakeWaits(socket, true);
      },
      onBegin: (socket) => {
        begun.add(socket);
        connections.handshakeWaits(socket, false);
      },
      onBroken: ({ code, message }) => {
        onHandshakeError(code ?? message);
      },
    });
  }
  await open(server, options);
  server.on('connection', connections.add);
  answerClientErrors(server, connections.hasAnswer);
  server.on('drop', () => observer.onDrop?.());
  server.on('secureConnection', connections.secured);
  // A handshake that fails, a connection that is reset: nothing to answer, nothing to crash for.
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
    const wasCut = cutHandshakes > 0 && error.code === 'ECONNRESET';
    if (wasCut) cutHandshakes -= 1;
    else onHandshakeError(error.code ?? error.message);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    connectionCount: connections.count,
    use: (change) => {
      use(change);
      if (change.clientAuthorities !== undefined) connections.endPresent();
    },
    drain: async (times) => drain(server, connections, times),
    close: async () => cut(server, connections),
  };
}

async function open(server: Server, { port, host, flag }: ListenOptions): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // Throws where the number is none of a port.
      server.listen({ port, host }, resolve);
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const origin = flag === undefined ? '' : ` (${flag})`;
    throw new ListenError(`cannot listen on port ${String(port)}${origin}: ${message}`, { cause });
  }
}

function createServer(
  onCall: RequestListener,
  { pair, tls = { minVersion: 'TLSv1.2' }, clientAuthorities, timeouts }: ListenOptions,
): { readonly server: Server | HttpsServer; readonly use: Listener['use'] } {
  const limits = { ...connectionLimits, ...timeouts, IncomingMessage: WholePieces };
  if (pair === undefined) return { server: createHttpServer(limits, onCall), use: () => undefined };
  let material: TlsMaterial = { pair, ...(clientAuthorities !== undefined && { clientAuthorities }) };
  const asksCallers = clientAuthorities !== undefined && { requestCert: true, rejectUnauthorized: false };
  const server = createHttpsServer({ ...limits, ...secureContextOptions(tls, material), ...asksCallers }, onCall);
  return {
    server,
    use: (change) => {
      const next = { ...material, ...change };
      server.setSecureContext(secureContextOptions(tls, next));
      material = next;
    },
  };
}
