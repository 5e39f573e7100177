// A large body is read in turns, whole all the same; others are answered in between.
import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bytesATurn, giveWay } from '../../src/server/give-way.ts';

const piece = Buffer.alloc(16 * 1024, 'a');
const pieces = 40;

/** A request whose whole body is there already; counts the bytes that are read in each turn of the event loop. */
function createRequest() {
  const socket = new Socket();
  const request = new IncomingMessage(socket);
  for (let index = 0; index < pieces; index += 1) request.push(piece);
  request.push(null);
  let inTurn = 0;
  const turns: number[] = [];
  request.on('data', (chunk: Buffer) => {
    inTurn += chunk.length;
  });
  const whole = async (): Promise<readonly number[]> => {
    while (!request.readableEnded) {
      await nextTurn();
      turns.push(inTurn);
      inTurn = 0;
    }
    return turns;
  };
  return { request, whole };
}

describe('server/give-way', () => {
  it('reads no more than the bytes of a turn at once, and all of them in the end', async () => {
    const { request, whole } = createRequest();
    giveWay(request);
    const turns = await whole();
    assert.ok(Math.max(...turns) <= bytesATurn, turns.join(' '));
    assert.equal(
      turns.reduce((sum, bytes) => sum + bytes, 0),
      pieces * piece.length,
    );
  });

  it('is what it takes: without it all is read at once', async () => {
    const { whole } = createRequest();
    assert.ok(Math.max(...(await whole())) > bytesATurn);
  });
});
