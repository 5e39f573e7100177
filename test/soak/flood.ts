// A process of its own that does to a TLS port what hostile callers do, for as long as it is told: PORT SECONDS SCALE,
// and, to find out what costs most, a pattern of the kinds.
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

const [portText = '', secondsText = '', scaleText = '1', pattern = ''] = process.argv.slice(2);
const port = Number(portText);
const endMs = performance.now() + Number(secondsText) * 1_000;
const scale = Number(scaleText);
const host = '127.0.0.1';
const bodyLimit = 7 * 1024 * 1024;

/** A connection to attack with; it is open, and its handshake over where it has one. */
type Attack = (socket: Socket) => void | Promise<void>;

type Kind = {
  readonly name: string;
  /** Connections that are held at a time. */
  readonly count: number;
  /** Least time between the openings of two of them. */
  readonly everyMs: number;
  readonly isTls: boolean;
  readonly attack: Attack;
};

const head = (lines: readonly string[]): string => `POST /mutate HTTP/1.1\r\nHost: localhost\r\n${lines.join('\r\n')}`;
const json = 'Content-Type: application/json';

async function dribble(socket: Socket, text: string, everyMs: number): Promise<void> {
  while (!socket.destroyed && performance.now() < endMs) {
    socket.write(text);
    await sleep(everyMs);
  }
}

/** As much as the other side takes. */
async function pour(socket: Socket, chunk: Buffer, chunks: number): Promise<void> {
  for (let sent = 0; sent < chunks && !socket.destroyed; sent += 1) {
    if (socket.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      const goOn = (): void => {
        socket.off('drain', goOn).off('close', goOn);
        resolve();
      };
      socket.on('drain', goOn).on('close', goOn);
    });
  }
}

const silent: Attack = () => undefined;
const deep = '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000);
const mebibyte = Buffer.alloc(1024 * 1024, 0x20);
const garbage = Buffer.from('\u0000\u00ffGET / HTTP/9.9\r\n: :\r\n\r\n'.repeat(1_000), 'latin1');

const kinds: readonly Kind[] = [
  { name: 'idle sockets', count: 9_000 * scale, everyMs: 6, isTls: false, attack: silent },
  { name: 'idle connections', count: 1_000 * scale, everyMs: 20, isTls: true, attack: silent },
  {
    name: 'half handshakes',
    count: 1_000 * scale,
    everyMs: 10,
    isTls: false,
    // The head of a record that announces a ClientHello of 512 bytes, and then hardly any of it.
    attack: async (socket) => {
      socket.write(Buffer.from([22, 3, 1, 2, 0, 1]));
      await dribble(socket, '\u0000', 1_000);
    },
  },
  {
    name: 'slow headers',
    count: 200 * scale,
    everyMs: 20,
    isTls: true,
    attack: async (socket) => {
      socket.write(head(['X-Slow: ']));
      await dribble(socket, 'a', 1_000);
    },
  },
  {
    name: 'slow bodies',
    count: 200 * scale,
    everyMs: 20,
    isTls: true,
    attack: async (socket) => {
      socket.write(`${head([json, 'Content-Length: 100000'])}\r\n\r\n{`);
      await dribble(socket, ' ', 1_000);
    },
  },
  {
    name: 'bodies of 7 MiB and a byte',
    count: 4,
    everyMs: 250,
    isTls: true,
    attack: async (socket) => {
      socket.write(`${head([json, `Content-Length: ${String(bodyLimit + 1)}`])}\r\n\r\n`);
      await pour(socket, mebibyte, 8);
      socket.destroy();
    },
  },
  {
    name: 'bodies of 7 MiB and a byte, in chunks',
    count: 4,
    everyMs: 250,
    isTls: true,
    attack: async (socket) => {
      socket.write(`${head([json, 'Transfer-Encoding: chunked'])}\r\n\r\n`);
      const chunk = Buffer.concat([Buffer.from('100000\r\n'), mebibyte, Buffer.from('\r\n')]);
      await pour(socket, chunk, 8);
      socket.destroy();
    },
  },
  {
    name: 'bodies in crumbs',
    count: 1,
    everyMs: 2_000,
    isTls: true,
    attack: async (socket) => {
      socket.write(`${head([json, 'Transfer-Encoding: chunked'])}\r\n\r\n`);
      await pour(socket, Buffer.from('1\r\n \r\n'.repeat(10_000)), 100);
      socket.destroy();
    },
  },
  {
    name: 'JSON nested 100,000 deep',
    count: 4,
    everyMs: 100,
    isTls: true,
    attack: (socket) => {
      socket.once('data', () => socket.destroy());
      socket.write(`${head([json, `Content-Length: ${String(deep.length)}`])}\r\n\r\n${deep}`);
    },
  },
  {
    name: 'pipelined garbage',
    count: 4,
    everyMs: 50,
    isTls: true,
    attack: (socket) => {
      socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(100));
      socket.write(garbage);
    },
  },
];

async function keepUp({ count, everyMs, isTls, attack }: Kind): Promise<number> {
  let opened = 0;
  const open = new Set<Socket>();
  while (performance.now() < endMs) {
    await sleep(everyMs);
    // No timer is that fine.
    const batch = everyMs < 10 ? 3 : 1;
    for (let index = 0; index < batch && open.size < count; index += 1) {
      const socket = isTls
        ? connectTls({ port, host, servername: 'localhost', rejectUnauthorized: false })
        : connectTcp({ port, host });
      opened += 1;
      open.add(socket);
      socket.on('error', () => undefined).once('close', () => open.delete(socket));
      socket.once(isTls ? 'secureConnect' : 'connect', () => void attack(socket));
      socket.resume();
    }
  }
  for (const socket of open) socket.destroy();
  return opened;
}

const chosen = kinds.filter(({ name }) => new RegExp(pattern).test(name));
const opened = await Promise.all(chosen.map(keepUp));
process.stdout.write(`${JSON.stringify(Object.fromEntries(chosen.map(({ name }, index) => [name, opened[index]])))}\n`);
