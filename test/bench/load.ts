// Sends the same request over kept TLS connections, each one as soon as its last answer is in.
import { connect, type TLSSocket } from 'node:tls';

/** What was measured. */
export type LoadResult = { readonly requests: number; readonly seconds: number };

/** What to send where. */
export type LoadOptions = {
  readonly port: number;
  readonly path: string;
  readonly body: Buffer;
  readonly connections: number;
  readonly requests: number;
};

/** Sends so many requests and resolves when all are answered with 200; rejects at the first other answer. */
export async function sendLoad(options: LoadOptions): Promise<LoadResult> {
  const head = [
    `POST ${options.path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${String(options.body.length)}`,
    '',
    '',
  ].join('\r\n');
  const message = Buffer.concat([Buffer.from(head), options.body]);
  const sockets = await Promise.all(Array.from({ length: options.connections }, async () => open(options.port)));
  let left = options.requests;
  const takeOne = (): boolean => {
    left -= 1;
    return left >= 0;
  };
  const startMs = performance.now();
  await Promise.all(sockets.map(async (socket) => drive(socket, message, takeOne)));
  const seconds = (performance.now() - startMs) / 1000;
  for (const socket of sockets) socket.destroy();
  return { requests: options.requests, seconds };
}

async function open(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    socket.setNoDelay(true);
    socket.once('secureConnect', () => {
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

async function drive(socket: TLSSocket, message: Buffer, takeOne: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let missing = 0;
    const next = (): void => {
      if (takeOne()) socket.write(message);
      else resolve();
    };
    socket.on('error', reject);
    socket.on('close', () => {
      reject(new Error('expected a kept connection, got its end'));
    });
    socket.on('data', (chunk: Buffer) => {
      if (missing > 0) {
        missing -= chunk.length;
      } else {
        const end = chunk.indexOf('\r\n\r\n');
        const head = chunk.subarray(0, end).toString('latin1');
        const length = /content-length: (\d+)/i.exec(head)?.[1];
        if (!head.startsWith('HTTP/1.1 200') || length === undefined) {
          reject(new Error(`expected status 200 with a Content-Length, got ${head.slice(0, 200)}`));
          return;
        }
        missing = Number(length) - (chunk.length - end - 4);
      }
      if (missing === 0) next();
    });
    next();
  });
}
