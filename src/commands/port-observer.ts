// Tells the log of failed TLS handshakes, seldom enough.
import type { Log } from '../observability/log.ts';

/** Anyone can make handshakes fail by the thousand; one line in this time is enough to be noticed. */
const quietMs = 10_000;

/**
 * Returns an observer that logs the first failure and then no more than one in ten seconds, with the number of those
 * that it passed over. An API server that does not trust the certificate shows up here, and nowhere else.
 */
export function createHandshakeObserver(log: Pick<Log, 'warn'>, now: () => number): (code: string) => void {
  let loggedAtMs = Number.NEGATIVE_INFINITY;
  let unlogged = 0;
  return (code) => {
    if (now() - loggedAtMs < quietMs) {
      unlogged += 1;
      return;
    }
    log.warn({ code, unlogged }, 'TLS handshake failed');
    loggedAtMs = now();
    unlogged = 0;
  };
}
