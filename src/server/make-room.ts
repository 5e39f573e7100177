// Chooses the connections that are closed when there are too many.
import { type Connection, destroyConnection, type ShedReason } from './connection.ts';

/** What making room needs. */
export type RoomOptions = {
  /** Most connections that there may be. */
  readonly max: number;
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
  readonly onShed: (reason: ShedReason, count: number) => void;
  readonly connections: () => Iterable<Connection>;
};

/** So many are chosen at once that looking at all of them costs little for each new one, */
const chosenShare = 0.05;
/** and so many are closed for each new one: closing all that were chosen takes 10 ms, in which nobody is answered. */
const closedForEach = 2;
/** A caller that means well has sent its first call by then, also when the machine is busy; before, it keeps its place. */
const freshMs = 250;
/** The API server sends a body at once; one that is not whole after so long is first to go. */
const slowBodyMs = 1_000;

/** Who goes first. A caller that means well sends a call soon, and its body at once. */
const neverUsed = 0;
const slowBody = 1;
const idle = 2;
const inUse = 3;

/** Returns what is to be called for each connection that comes while there are nearly too many. */
export function createRoomMaker({ max, now, onShed, connections }: RoomOptions): () => void {
  let chosen: Connection[] = [];

  const choose = (): Connection[] => {
    const atMs = now();
    return [...connections()]
      .map((connection) => ({ connection, rank: rankOf(connection, atMs) }))
      .filter(({ rank }) => rank < inUse)
      .toSorted((a, b) => a.rank - b.rank || a.connection.sinceMs - b.connection.sinceMs)
      .slice(0, Math.max(1, Math.floor(max * chosenShare)))
      .map(({ connection }) => connection);
  };
  /** Returns the next of them that is still there, and still of no use. */
  const next = (): { readonly connection: Connection; readonly rank: number } | undefined => {
    for (let connection = chosen.shift(); connection !== undefined; connection = chosen.shift()) {
      const rank = rankOf(connection, now());
      if (rank < inUse && !connection.accepted.destroyed) return { connection, rank };
    }
    return undefined;
  };

  return () => {
    const closed = { slow: 0, idle: 0 };
    for (let count = 0; count < closedForEach; count += 1) {
      if (count === 0 && chosen.length === 0) chosen = choose();
      const victim = next();
      if (victim === undefined) break;
      closed[victim.rank === slowBody ? 'slow' : 'idle'] += 1;
      destroyConnection(victim.connection);
    }
    if (closed.slow > 0) onShed('slow', closed.slow);
    if (closed.idle > 0) onShed('idle', closed.idle);
  };
}

function rankOf({ calls, isKeptWaiting, lastCall, sinceMs, unreadLooks }: Connection, atMs: number): number {
  if (isKeptWaiting) return inUse;
  if (lastCall === undefined) return atMs - sinceMs > freshMs ? neverUsed : inUse;
  if (calls.length === 0) return idle;
  const isSlow = unreadLooks > 1 || (!lastCall.complete && atMs - sinceMs > slowBodyMs);
  return isSlow ? slowBody : inUse;
}
