// Lets TLS begin when the first record of a connection is here.
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import { createTurnstile } from './turnstile.ts';

/** Type, version and length of a record, and the most that one may hold (RFC 8446, 5.1 and 5.2). */
const recordHeadBytes = 5;
const handshakeType = 22;
const maxRecordBytes = 2 ** 14 + 256;

/** TLS would take each piece into a buffer of its own; kept here, each takes 300 bytes. A record in 64 of them is no honest one. */
const maxPieces = 64;

/** What comes of connections. */
export type LateTlsEvents = {
  /** The first record is here, and it is not the turn of this connection yet. */
  readonly onWait: (socket: Socket) => void;
  /** TLS begins. */
  readonly onBegin: (socket: Socket) => void;
  /** A connection was reset in the middle of its first record. */
  readonly onBroken: (error: NodeJS.ErrnoException) => void;
};

/**
 * Has TLS begin when the first record of a connection is here whole. Anybody can open connections by the thousand that
 * never say anything, or never end what they begin to say: each costs a socket then, and not the objects of TLS, whose
 * coming and going stops the program for the garbage collector. Node hands what has been read to TLS (initRead of
 * lib/internal/tls/wrap.js), as it must where a protocol turns to TLS in the middle of a connection.
 *
 * One begins each time that the event loop goes round. Each costs 0.4 ms: where fifty connections that were silent speak at
 * once, all of them would else be before the next call over another one.
 */
export function beginTlsLate(server: Server, { onWait, onBegin, onBroken }: LateTlsEvents): void {
  // Those of the TLS server itself.
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  const waitForTurn = createTurnstile(setImmediate);
  server.on('connection', (socket: Socket) => {
    let hasBegun = false;
    socket.on('error', (error) => {
      // One that is reset without a word is nobody's concern.
      if (!hasBegun && socket.bytesRead > 0) onBroken(error);
    });
    const begin = (): void => {
      if (socket.destroyed) return;
      hasBegun = true;
      onBegin(socket);
      for (const listener of listeners) listener.call(server, socket);
    };
    whenRecordIsHere(socket, () => {
      onWait(socket);
      waitForTurn(begin);
    });
  });
}

/** Calls back when it makes no sense to wait: there is a whole record, or something else, or crumbs, or no more will come. */
function whenRecordIsHere(socket: Socket, begin: () => void): void {
  let head: Buffer | undefined;
  let seenBytes = 0;
  let pieces = 0;
  const onReadable = (): void => {
    const isEnded = socket.readableLength === seenBytes;
    seenBytes = socket.readableLength;
    if (head === undefined && seenBytes >= recordHeadBytes) {
      head = readHead(socket);
      seenBytes -= recordHeadBytes;
    }
    pieces += 1;
    if (!isEnded && pieces < maxPieces && seenBytes < missingBytes(head)) return;
    socket.off('readable', onReadable);
    // It was ended without a word.
    if (head === undefined && seenBytes === 0) socket.destroy();
    else {
      if (head !== undefined) socket.unshift(head);
      begin();
    }
  };
  socket.on('readable', onReadable);
}

function readHead(socket: Socket): Buffer | undefined {
  const head: unknown = socket.read(recordHeadBytes);
  return Buffer.isBuffer(head) ? head : undefined;
}

/** Returns how many bytes are to come after the head: none of what TLS finds fault with by its head alone. */
function missingBytes(head: Buffer | undefined): number {
  if (head === undefined) return recordHeadBytes;
  const recordBytes = head.readUInt16BE(3);
  return head[0] === handshakeType && recordBytes <= maxRecordBytes ? recordBytes : 0;
}
