// A body of an answer that has no end.

import type { RequestListener } from 'node:http';

const piece = Buffer.alloc(64 * 1024, ' ');

/** Writes spaces for as long as anybody takes them; in the end their bytes are added to `sent`. */
export const endlessBody =
  (sent: number[]): RequestListener =>
  (request, response) => {
    const { socket } = request;
    const before = socket.bytesWritten;
    const write = (): void => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', write).on('close', () => sent.push(socket.bytesWritten - before));
    write();
  };
