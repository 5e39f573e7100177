// Lets other calls be answered between the pieces of a large body.
import type { IncomingMessage } from 'node:http';

/** Bytes that are read from one connection before the others have their turn. Nearly every review is shorter. */
export const bytesATurn = 64 * 1024;

/**
 * Has a request rest after so many bytes, until the event loop has been round. Without that libuv reads up to 2 MiB from one
 * connection before it looks at the next (uv__read, 32 times 64 KiB), which takes 10 ms with TLS: a few callers that pour
 * large bodies would make every other one wait.
 */
export function giveWay(request: IncomingMessage): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes < bytesATurn) return;
    bytes = 0;
    request.pause();
    setImmediate(() => {
      request.resume();
    });
  });
}
