// Answers what Node's HTTP parser refuses, before there is a call or in the middle of one.
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';

const statusByCode: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Of llhttp; all that it refuses is a bad request but for those above. */
const parserCode = /^HPE_/;

/** Milliseconds that an answer may take to leave. */
const leaveMs = 1_000;

/**
 * Answers as Node does by itself (socketOnError of lib/_http_server.js), but lets the answer leave before the connection
 * is destroyed: Node destroys it in the same breath, and what TLS could not send at once is lost with it. That is so where
 * the handshake's last flight and a call came in one piece, as they do from Node. `hasAnswer` tells of a connection over
 * which the answer of an open call has begun: it is cut, since anything more would be read as a part of that.
 */
export function answerClientErrors(server: Server, hasAnswer: (socket: Duplex) => boolean): void {
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket) => {
    const status = statusByCode[code] ?? (parserCode.test(code) ? '400 Bad Request' : undefined);
    // A handshake that failed, or a reset.
    if (status === undefined || hasAnswer(socket)) socket.destroy();
    // It is not writable where the same was said before: whatever else comes is as bad.
    else if (socket.writable) {
      // A caller that reads nothing would keep it for good.
      const late = setTimeout(() => socket.destroy(), leaveMs);
      socket.once('close', () => {
        clearTimeout(late);
      });
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
    }
  });
}
