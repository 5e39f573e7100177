// The open connections of a port: what each is doing, and which are closed when there are too many.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Connection, destroyConnection, type ShedReason } from './connection.ts';
import { leaveOutStacks } from './cut-calls.ts';
import { createRoomMaker } from './make-room.ts';
import { createUnreadWatch } from './unread-answers.ts';

/** What the connections of a port need. */
export type ConnectionsOptions = {
  /** From nine tenths of it on, connections are closed to make room. */
  readonly max: number;
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
  readonly onShed: (reason: ShedReason, count: number) => void;
  /** How often answers are looked for that do not leave. Default 1 s. */
  readonly unreadLookMs?: number;
  /** On a TLS port only. */
  readonly handshakes?: {
    /** However often a byte comes: Node's own handshakeTimeout begins anew with each. */
    readonly timeoutMs: number;
    /** A connection was cut whose handshake was not over in that time. */
    readonly onTimeout: (accepted: Socket) => void;
  };
};

/** The connections of a port. */
export type Connections = {
  /** A connection was accepted; on a TLS port, the one below TLS. */
  readonly add: (socket: Socket) => void;
  /** It waits for us to begin its handshake, or not any more. */
  readonly handshakeWaits: (socket: Socket, isKeptWaiting: boolean) => void;
  /** Its handshake is over, and `socket` is what calls come over. */
  readonly secured: (socket: Socket) => void;
  /** Returns whether the call is to be answered; where it is not, its connection ends with an answer before it. */
  readonly addCall: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly count: () => number;
  /** Returns whether the answer of an open call has begun to leave over this one. */
  readonly hasAnswer: (socket: Duplex) => boolean;
  /** Returns whether there is one without an open call. */
  readonly hasIdle: () => boolean;
  /** Ends each connection that there is with its next answer, also with those of calls that came before this. */
  readonly endPresent: () => void;
  /** Ends those that come later in the same way, too. */
  readonly letNoneBeKeptAlive: () => void;
  /** Closes those that have no open call, wait for nothing, and have brought nothing since this was called last. */
  readonly closeIdle: () => void;
  /** Cuts all of them. */
  readonly destroyAll: () => void;
};

/** At this share of the most that there may be, each new one makes others go. */
const crowdedShare = 0.9;

/**
 * No API server sends a call before the last one was answered. Node hands over at once all that have come in one piece, a
 * hundred of them or more, and nobody else is answered until they are.
 */
const maxCallsAtOnce = 2;

/**
 * Creates the record of connections, which all that end take leave of by themselves.
 *
 * A connection that is closed after an answer which promised to keep it loses the caller's next call. So the answers of
 * calls in flight must know of the end, too, which no middleware can do: it ran when they came.
 */
export function createConnections(options: ConnectionsOptions): Connections {
  const { max, now, onShed, handshakes } = options;
  const bySocket = new Map<Socket, Connection>();
  const handshaking = new Map<string, Connection>();
  const makeRoom = createRoomMaker({ max, now, onShed, connections: () => bySocket.values() });
  const watchUnread = createUnreadWatch({
    connections: () => bySocket,
    onEnd: (count) => {
      onShed('slow', count);
    },
    lookMs: options.unreadLookMs,
  });
  let isEnding = false;

  const cutLater = (socket: Socket): NodeJS.Timeout | undefined =>
    handshakes &&
    setTimeout(() => {
      handshakes.onTimeout(socket);
      socket.destroy();
    }, handshakes.timeoutMs).unref();

  const add = (socket: Socket): void => {
    const state = { calls: [], lastCall: undefined, sinceMs: now(), isEnding, bytesSeen: -1, unreadLooks: 0 };
    const connection: Connection = {
      socket,
      accepted: socket,
      deadline: cutLater(socket),
      isKeptWaiting: false,
      ...state,
    };
    const key = keyOf(socket);
    bySocket.set(socket, connection);
    if (handshakes) handshaking.set(key, connection);
    else leaveOutStacks(socket);
    socket.once('close', () => {
      clearTimeout(connection.deadline);
      bySocket.delete(connection.socket);
      if (handshaking.get(key) === connection) handshaking.delete(key);
    });
    if (bySocket.size >= max * crowdedShare) makeRoom();
    watchUnread();
  };

  const addCall = (request: IncomingMessage, response: ServerResponse): boolean => {
    const connection = bySocket.get(request.socket);
    // The answer before it may have promised to keep the connection, so that this one has to say that it ends.
    if (connection && connection.calls.length > 0) connection.isEnding = true;
    if (connection?.isEnding ?? isEnding) response.shouldKeepAlive = false;
    if (connection === undefined) return true;
    const { calls } = connection;
    if (calls.length >= maxCallsAtOnce) return false;
    calls.push(response);
    connection.lastCall = request;
    connection.sinceMs = now();
    response.once('close', () => {
      calls.splice(calls.indexOf(response), 1);
      connection.sinceMs = now();
    });
    return true;
  };

  const endPresent = (): void => {
    for (const connection of bySocket.values()) {
      connection.isEnding = true;
      for (const response of connection.calls) response.shouldKeepAlive = false;
    }
  };

  return {
    add,
    handshakeWaits: (socket, isKeptWaiting) => {
      const connection = bySocket.get(socket);
      if (connection === undefined) return;
      connection.isKeptWaiting = isKeptWaiting;
      connection.sinceMs = now();
    },
    secured: (socket) => {
      const key = keyOf(socket);
      const connection = handshaking.get(key);
      if (connection === undefined) return;
      clearTimeout(connection.deadline);
      handshaking.delete(key);
      bySocket.delete(connection.socket);
      connection.socket = socket;
      bySocket.set(socket, connection);
      leaveOutStacks(socket);
    },
    addCall,
    count: () => bySocket.size,
    hasAnswer: (socket) =>
      socket instanceof Socket && (bySocket.get(socket)?.calls.some(({ headersSent }) => headersSent) ?? false),
    hasIdle: () => {
      for (const { calls } of bySocket.values()) if (calls.length === 0) return true;
      return false;
    },
    endPresent,
    letNoneBeKeptAlive: () => {
      isEnding = true;
      endPresent();
    },
    closeIdle: () => {
      for (const connection of bySocket.values()) {
        const { bytesRead } = connection.accepted;
        // Not destroy(): an answer that is on its way through the socket is still sent.
        const isIdle = connection.calls.length === 0 && connection.bytesSeen === bytesRead && !connection.isKeptWaiting;
        if (isIdle && !connection.socket.writableEnded) connection.socket.destroySoon();
        connection.bytesSeen = bytesRead;
      }
    },
    destroyAll: () => {
      for (const connection of bySocket.values()) destroyConnection(connection);
    },
  };
}

/** The same for the socket that was accepted and the one of TLS above it, which Node does not lead from one to the other. */
function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${String(remoteAddress)} ${String(remotePort)} ${String(localAddress)}`;
}
