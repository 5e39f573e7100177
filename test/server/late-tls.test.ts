// Handshakes that come all at once take turns with everything else.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import https from 'node:https';
import { connect, type Socket } from 'node:net';
import { beginTlsLate } from '../../src/server/late-tls.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';

const count = 40;
/** A record of one byte that says it is of a handshake. */
const record = Buffer.from([22, 3, 1, 0, 1, 1]);

describe('server/late-tls', () => {
  const scope = useScope();

  type Started = {
    /** All of them accepted, and none has said anything. */
    readonly sockets: readonly Socket[];
    /** Of the event loop, in which TLS began. */
    readonly turns: readonly number[];
  };

  async function start(
    onBegin: (socket: Socket, accepted: readonly Socket[]) => void = () => undefined,
  ): Promise<Started> {
    const server = https.createServer();
    // In place of TLS itself.
    server.removeAllListeners('connection').on('connection', () => turns.push(turn));
    const turns: number[] = [];
    const accepted: Socket[] = [];
    let turn = 0;
    let isOver = false;
    const countTurns = (): void => {
      turn += 1;
      if (!isOver) setImmediate(countTurns);
    };
    countTurns();
    beginTlsLate(server, {
      onWait: () => undefined,
      onBegin: (socket) => onBegin(socket, accepted),
      onBroken: () => undefined,
    });
    server.on('connection', (socket: Socket) => accepted.push(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
    scope.onEnd(() => {
      isOver = true;
      for (const socket of [...accepted, ...sockets]) socket.destroy();
      server.close();
    });
    await eventually('all to be accepted', () => accepted.length === count);
    return { sockets, turns };
  }

  it('begins one each time that the event loop goes round', async () => {
    const { sockets, turns } = await start();
    for (const socket of sockets) socket.write(record);
    await eventually('all to begin', () => turns.length === count);
    assert.equal(new Set(turns).size, count);
  });

  it('begins none that is gone when it is its turn', async () => {
    const { sockets, turns } = await start((first, accepted) => {
      for (const socket of accepted) if (socket !== first) socket.destroy();
    });
    let closed = 0;
    for (const socket of sockets) {
      socket.on('error', () => undefined).once('close', () => (closed += 1));
      socket.resume().write(record);
    }
    await eventually('all others to be gone', () => closed === count - 1);
    assert.equal(turns.length, 1);
  });
});
