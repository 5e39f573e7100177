// Turns what happens to the connections of a port into log lines, seldom enough, and the metrics.
import type { Log } from '../observability/log.ts';
import type { PortName, ServerMetrics } from '../observability/server-metrics.ts';
import { handshakeErrorReason } from '../server/handshake-errors.ts';
import type { ConnectionObserver } from '../server/listen.ts';
import { warnSeldom } from './seldom.ts';

/** Why a connection is closed or not taken when there are too many; the words of the metric. */
export const shedReasons = ['idle', 'slow', 'new'] as const;

/**
 * Returns the observer of a port. An API server that does not trust the certificate shows up in its lines and counts of
 * handshakes, and nowhere else.
 */
export function createPortObserver(
  port: PortName,
  {
    log,
    metrics,
    now,
  }: { readonly log: Pick<Log, 'warn'>; readonly metrics: ServerMetrics; readonly now: () => number },
): Required<ConnectionObserver> {
  const warnHandshake = warnSeldom(log, now, 'TLS handshake failed');
  const warnShed = warnSeldom(log, now, 'too many connections');
  const shed = (reason: (typeof shedReasons)[number], count: number): void => {
    metrics.countShedConnections(port, reason, count);
    warnShed({ port, reason, count });
  };
  return {
    onHandshakeError: (code) => {
      const reason = handshakeErrorReason(code);
      metrics.countHandshakeError(reason);
      warnHandshake({ reason, code });
    },
    onShed: shed,
    onDrop: () => {
      shed('new', 1);
    },
  };
}
