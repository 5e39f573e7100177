// Who is closed to make room, and how many for each connection that comes.
import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Connection } from '../../src/server/connection.ts';
import { createRoomMaker } from '../../src/server/make-room.ts';

function createCrowd(count: number) {
  const connections = Array.from({ length: count }, (_, index): Connection => {
    const socket = new Socket();
    const times = { lastCall: undefined, sinceMs: index, isEnding: false, bytesSeen: -1, unreadLooks: 0 };
    return { socket, accepted: socket, calls: [], deadline: undefined, isKeptWaiting: false, ...times };
  });
  const shed: string[] = [];
  const makeRoom = createRoomMaker({
    max: count,
    now: () => 10_000,
    onShed: (reason, closed) => shed.push(`${reason} ${String(closed)}`),
    connections: () => connections.filter(({ accepted }) => !accepted.destroyed),
  });
  const closed = (): number[] => connections.flatMap(({ accepted }, index) => (accepted.destroyed ? [index] : []));
  return { connections, makeRoom, shed, closed };
}

describe('server/make-room', () => {
  it('two go for each that comes, the oldest first, also when more have been chosen', () => {
    const { makeRoom, shed, closed } = createCrowd(100);
    makeRoom();
    assert.deepEqual(closed(), [0, 1]);
    makeRoom();
    makeRoom();
    makeRoom();
    assert.deepEqual(closed(), [0, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(shed, ['idle 2', 'idle 2', 'idle 1', 'idle 2']);
  });

  it('one that was chosen stays where a call has come over it since, and one that has gone is passed over', () => {
    const { connections, makeRoom, shed, closed } = createCrowd(100);
    makeRoom();
    const [, , used, gone] = connections;
    const request = new IncomingMessage(used?.socket ?? new Socket());
    used?.calls.push(new ServerResponse(request));
    Object.assign(used ?? {}, { lastCall: request, sinceMs: 9_999 });
    gone?.accepted.destroy();
    makeRoom();
    assert.deepEqual(closed(), [0, 1, 3, 4]);
    assert.deepEqual(shed, ['idle 2', 'idle 1']);
  });

  it('one that waits for its handshake to begin stays', () => {
    const { connections, makeRoom, closed } = createCrowd(100);
    const [first] = connections;
    if (first) first.isKeptWaiting = true;
    makeRoom();
    assert.deepEqual(closed(), [1, 2]);
  });

  it('nobody goes where all are in use', () => {
    const { connections, makeRoom, shed, closed } = createCrowd(20);
    for (const connection of connections) connection.sinceMs = 9_900;
    makeRoom();
    assert.deepEqual([closed(), shed], [[], []]);
  });
});
