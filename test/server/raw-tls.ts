// A TLS connection on which a test writes what no HTTP client would.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { eventually } from '../kubernetes/eventually.ts';
import type { Scope } from '../kubernetes/scope.ts';

/** One answer; the names of headers are in lower case. */
export type RawAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type RawConnection = {
  readonly socket: TLSSocket;
  /** Waits for that many answers, or for the end of the connection, and returns the answers; a `HEAD` has no body. */
  readonly answers: (count: number, method?: string) => Promise<RawAnswer[]>;
  readonly isClosed: () => boolean;
  /** What went wrong with the connection, such as ECONNRESET. */
  readonly errors: readonly Error[];
};

/** Opens a connection to localhost; the scope closes it. */
export async function openTls(
  scope: Pick<Scope, 'onEnd'>,
  { port, ca }: { readonly port: number; readonly ca: string },
): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca });
  scope.onEnd(() => socket.destroy());
  const chunks: Buffer[] = [];
  const errors: Error[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', (error) => errors.push(error));
  await once(socket, 'secureConnect');
  return {
    socket,
    answers: async (count, method = 'POST') => {
      const parsed = () => parseAnswers(Buffer.concat(chunks), method);
      await eventually(`${String(count)} answers`, () => parsed().length >= count || socket.closed);
      return parsed();
    },
    isClosed: () => socket.closed,
    errors,
  };
}

/** The text of a call, with the length of its body; `headers` replaces or adds, undefined takes away. */
export function callText(
  body: string,
  call: {
    readonly method?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string | undefined>>;
  } = {},
): string {
  const headers: Readonly<Record<string, string | undefined>> = {
    Host: 'localhost',
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    ...call.headers,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return [`${call.method ?? 'POST'} ${call.path ?? '/mutate'} HTTP/1.1`, ...lines, '', body].join('\r\n');
}

/** One chunk of a body that is sent in chunks. */
export function chunkText(content: string): string {
  return `${Buffer.byteLength(content).toString(16)}\r\n${content}\r\n`;
}

const emptyChunk = '0\r\n\r\n';

function parseAnswers(bytes: Buffer, method: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = bytes; ;) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd === -1) return answers;
    const [statusLine = '', ...lines] = rest.subarray(0, headEnd).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
    assert.ok(status >= 100, `expected a status line, got ${statusLine}`);
    const headers = Object.fromEntries(
      lines.map((line) => [line.replace(/:.*/, '').toLowerCase(), line.replace(/^[^:]*: */, '')]),
    );
    const length = method === 'HEAD' ? 0 : Number(headers['content-length'] ?? 0);
    const bodyStart = headEnd + 4;
    if (rest.length < bodyStart + length) return answers;
    // 1xx only announces the answer.
    if (status >= 200) answers.push({ status, headers, body: rest.toString('utf8', bodyStart, bodyStart + length) });
    // The only body in chunks is the empty one of Node's own 400.
    rest = rest.subarray(bodyStart + ('transfer-encoding' in headers ? emptyChunk.length : length));
  }
}
