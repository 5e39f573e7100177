// Lets TLS begin with the first byte of a connection.
import type { Server } from 'node:https';
import type { Socket } from 'node:net';

/**
 * Has TLS begin when the first byte of a connection is here, which `onBegin` is told. Anybody can open connections by the
 * thousand that never say anything: each costs a socket then, and not the objects of TLS, whose coming and going stops the
 * program for the garbage collector. Node hands what has been read to TLS (initRead of lib/internal/tls/wrap.js), as it
 * must where a protocol turns to TLS in the middle of a connection.
 */
export function beginTlsLate(server: Server, onBegin: (socket: Socket) => void): void {
  // Those of the TLS server itself.
  const begin = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    // One that is reset before there is TLS is nobody's concern.
    socket.on('error', () => undefined);
    socket.once('readable', () => {
      if (socket.readableLength === 0) {
        // It was ended without a word.
        socket.destroy();
        return;
      }
      onBegin(socket);
      for (const listener of begin) listener.call(server, socket);
    });
  });
}
