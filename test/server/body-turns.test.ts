// Large bodies are read in turns, whole all the same; others are answered in between.
import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bytesATurn, createBodyTurns, type TakeTurns } from '../../src/server/body-turns.ts';

const piece = Buffer.alloc(16 * 1024, 'a');
const pieces = 40;

/** Requests whose whole bodies are there already; returns the bytes that are read of all of them in each turn of the event loop. */
async function readAll(count: number, takeTurns: TakeTurns, isWanted = true): Promise<readonly number[]> {
  let inTurn = 0;
  const requests = Array.from({ length: count }, () => {
    const request = new IncomingMessage(new Socket());
    for (let index = 0; index < pieces; index += 1) request.push(piece);
    request.push(null);
    request.on('data', (chunk: Buffer) => {
      inTurn += chunk.length;
    });
    takeTurns(request, () => isWanted);
    return request;
  });
  // Each has its first piece at once.
  await nextTurn();
  const turns: number[] = [];
  while (!requests.every(({ readableEnded }) => readableEnded)) {
    inTurn = 0;
    await nextTurn();
    turns.push(inTurn);
  }
  return turns;
}

describe('server/body-turns', () => {
  it('reads no more than the bytes of a turn at once, and all of them in the end', async () => {
    const turns = await readAll(1, createBodyTurns());
    assert.ok(Math.max(...turns) <= bytesATurn, turns.join(' '));
    assert.equal(
      turns.reduce((sum, bytes) => sum + bytes, 0),
      pieces * piece.length - bytesATurn,
    );
  });

  it('the same of ten bodies together', async () => {
    const turns = await readAll(10, createBodyTurns());
    assert.ok(Math.max(...turns) <= bytesATurn, turns.join(' '));
    assert.equal(
      turns.reduce((sum, bytes) => sum + bytes, 0),
      10 * (pieces * piece.length - bytesATurn),
    );
  });

  it('one that goes away in between leaves the turn to the next', async () => {
    const takeTurns = createBodyTurns();
    const gone = new IncomingMessage(new Socket());
    takeTurns(gone, () => true);
    gone.push(Buffer.alloc(bytesATurn));
    gone.push(piece);
    await nextTurn();
    gone.destroy();
    const turns = await readAll(2, takeTurns);
    assert.equal(
      turns.reduce((sum, bytes) => sum + bytes, 0),
      2 * (pieces * piece.length - bytesATurn),
    );
  });

  it('of bodies that nobody waits for there is a piece every 8 ms', async () => {
    const startMs = performance.now();
    await readAll(2, createBodyTurns(), false);
    // A timer may come a millisecond early.
    assert.ok(performance.now() - startMs >= ((2 * pieces * piece.length) / bytesATurn - 2) * 7);
  });

  it('is what it takes: without it all is read at once', async () => {
    assert.deepEqual(await readAll(1, () => undefined), []);
  });
});
