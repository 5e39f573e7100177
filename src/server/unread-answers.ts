// Ends connections whose callers do not read their answers.
import { type Connection, destroyConnection } from './connection.ts';

/** How often answers are looked for that do not leave. */
const usualLookMs = 1_000;
/** After so many looks at an answer that does not leave its connection ends: an API server reads at once. */
const maxUnreadLooks = 10;

/** What looking needs. */
export type UnreadOptions = {
  readonly connections: () => ReadonlyMap<unknown, Connection>;
  readonly onEnd: (count: number) => void;
  /** Milliseconds between two looks. Default 1 s. */
  readonly lookMs?: number | undefined;
};

/**
 * Returns what is to be called when a connection comes; it looks for as long as there are any. None of Node's limits ends
 * a caller that does not read its answer, and what is not read is held here.
 */
export function createUnreadWatch({ connections, onEnd, lookMs = usualLookMs }: UnreadOptions): () => void {
  let looks: NodeJS.Timeout | undefined;
  const look = (): void => {
    let ended = 0;
    for (const connection of connections().values()) {
      connection.unreadLooks = hasUnreadAnswer(connection) ? connection.unreadLooks + 1 : 0;
      if (connection.unreadLooks <= maxUnreadLooks) continue;
      ended += 1;
      destroyConnection(connection);
    }
    if (ended > 0) onEnd(ended);
    if (connections().size > 0) return;
    clearInterval(looks);
    looks = undefined;
  };
  return () => {
    looks ??= setInterval(look, lookMs).unref();
  };
}

/** Nothing is left to be done for it but that its caller reads. */
function hasUnreadAnswer({ calls: [first] }: Connection): boolean {
  return first?.writableEnded === true && !first.writableFinished;
}
