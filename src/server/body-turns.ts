// Lets other calls be answered between the pieces of large bodies.
import type { IncomingMessage } from 'node:http';
import { createTurnstile } from './turnstile.ts';

/** Bytes that are read from one connection before the others have their turn. Nearly every review is shorter. */
export const bytesATurn = 64 * 1024;

/**
 * Milliseconds between two turns of bodies that nobody waits for: 8 MB a second in all. Each piece is memory that the
 * program has to be stopped for by the garbage collector, 10 ms each time; read as fast as they come they double that.
 */
const idleTurnMs = 8;

/** Has the reading of a request take turns. `isWanted` says, at each of them, whether an answer depends on the body. */
export type TakeTurns = (request: IncomingMessage, isWanted: () => boolean) => void;

/**
 * Returns turns that all large bodies of a port share: each rests after so many bytes until it is its turn again, and one
 * of them has its turn each time that the event loop goes round, however many there are. Without that libuv reads up to
 * 2 MiB from one connection before it looks at the next (uv__read, 32 times 64 KiB), which takes 10 ms with TLS, and so
 * from each: a few callers that pour large bodies would make every other one wait.
 */
export function createBodyTurns(): TakeTurns {
  const restTillNext = createTurnstile(setImmediate);
  const restLong = createTurnstile((next) => setTimeout(next, idleTurnMs));
  return (request, isWanted) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes < bytesATurn) return;
      bytes = 0;
      request.pause();
      const rest = isWanted() ? restTillNext : restLong;
      // One that has gone away has nothing left to read.
      rest(() => request.resume());
    });
  };
}
