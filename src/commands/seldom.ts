// Logs what strangers can cause by the thousand, seldom enough.
import type { Log, LogFields } from '../observability/log.ts';

/** One line in this time is enough to be noticed. */
const quietMs = 10_000;

/** Returns a function that logs its first call and then no more than one in ten seconds, with how many it passed over. */
export function warnSeldom(log: Pick<Log, 'warn'>, now: () => number, message: string): (fields: LogFields) => void {
  let loggedAtMs = Number.NEGATIVE_INFINITY;
  let unlogged = 0;
  return (fields) => {
    if (now() - loggedAtMs < quietMs) {
      unlogged += 1;
      return;
    }
    log.warn({ ...fields, unlogged }, message);
    loggedAtMs = now();
    unlogged = 0;
  };
}
