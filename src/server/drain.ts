// Closes a port without losing a call.
import { Server as TcpServer } from 'node:net';
import type { Server } from 'node:http';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Connections } from './connections.ts';

/** How long a port is drained; both count from the beginning of the drain. */
export type DrainTimes = {
  /** How long it goes on taking connections and calls, until nobody sends it any more. */
  readonly delayMs: number;
  /** What is left by then is cut. */
  readonly hardEndMs: number;
};

/**
 * What was accepted last, or was half sent, has so long to bring its call. It gives every caller the time to be told with
 * an answer that the connection ends: closing an idle connection loses the call that is on its way over it.
 */
const silenceGraceMs = 1_000;
/** How often connections are looked at. */
const lookIntervalMs = 50;

/**
 * Answers with `Connection: close` from now on, for `delayMs` to new connections too, so that callers go to another
 * replica. Then takes no more connections, closes idle ones, lets the calls in flight end, and resolves when all
 * connections are gone.
 */
export async function drain(server: Server, connections: Connections, times: DrainTimes): Promise<void> {
  const endMs = performance.now() + times.hardEndMs;
  connections.letNoneBeKeptAlive();
  await sleep(Math.min(times.delayMs, times.hardEndMs));
  // Right after the loop has asked for connections and bytes: none is accepted, or there, and not known.
  await nextTurn();
  const closed = stopListening(server);
  const hardEnd = setTimeout(() => {
    connections.destroyAll();
  }, endMs - performance.now());
  try {
    await untilNoneIsIdle(connections);
    const sweep = setInterval(() => {
      setImmediate(connections.closeIdle);
    }, lookIntervalMs);
    await closed;
    clearInterval(sweep);
  } finally {
    clearTimeout(hardEnd);
  }
}

/** Ends everything at once. */
export async function cut(server: Server, connections: Connections): Promise<void> {
  const closed = stopListening(server);
  connections.destroyAll();
  await closed;
}

async function untilNoneIsIdle(connections: Connections): Promise<void> {
  const endMs = performance.now() + silenceGraceMs;
  while (connections.hasIdle() && performance.now() < endMs) await sleep(lookIntervalMs);
}

/** Takes no more connections; resolves when all that there are have ended. */
async function stopListening(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    // Not the server's own close(), which begins by closing what is idle.
    TcpServer.prototype.close.call(server, () => {
      resolve();
    });
  });
}
