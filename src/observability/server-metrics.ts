// The metrics of the ports: connections, handshakes, what is refused for want of room, and the files that they serve with.
import { Counter, Gauge, type Registry } from 'prom-client';

/** What is read when the metrics are. */
export type ServerState = {
  readonly reviewsInFlight: number;
  /** Open connections by port. */
  readonly connections: { readonly webhook: number; readonly metrics: number };
};

/** Whence the metrics come. */
export type ServerMetricsOptions = {
  readonly state: () => ServerState;
  /** The words that are counted; each starts at 0. */
  readonly handshakeErrorReasons: readonly string[];
  readonly shedReasons: readonly string[];
};

/** A port of this program. */
export type PortName = 'webhook' | 'metrics';

/** What is counted. */
export type ServerMetrics = {
  readonly countHandshakeError: (reason: string) => void;
  /** A review that was turned away as too many waited for a lookup. */
  readonly countShedReview: () => void;
  /** Connections that were closed, or not taken, as there were too many. */
  readonly countShedConnections: (port: PortName, reason: string, count: number) => void;
};

/** Files that are read again when they change. */
const files = ['serving_pair', 'client_authorities'] as const;

/** One of these files. */
export type LoadedFile = (typeof files)[number];

/** Whether a changed file is in force, or the last good one still. */
export type LoadResult = 'loaded' | 'refused';

/** Creates the metrics of the ports in a registry. */
export function createServerMetrics(registry: Registry, options: ServerMetricsOptions): ServerMetrics {
  const registers = [registry];
  createStateGauges(registers, options.state);
  const handshakeErrors = new Counter({
    name: 'irsa_webhook_handshake_errors_total',
    help: 'TLS handshakes that failed, by reason.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of options.handshakeErrorReasons) handshakeErrors.inc({ reason }, 0);
  const shedReviews = new Counter({
    name: 'irsa_webhook_reviews_shed_total',
    help: 'Reviews that were turned away, to be sent again, as too many waited for a lookup.',
    registers,
  });
  const shedConnections = new Counter({
    name: 'irsa_webhook_connections_shed_total',
    help: 'Connections that were closed or not taken as there were too many, by port and reason.',
    labelNames: ['port', 'reason'],
    registers,
  });
  for (const port of ['webhook', 'metrics']) {
    for (const reason of options.shedReasons) shedConnections.inc({ port, reason }, 0);
  }
  return {
    countHandshakeError: (reason) => {
      handshakeErrors.inc({ reason });
    },
    countShedReview: () => {
      shedReviews.inc();
    },
    countShedConnections: (port, reason, count) => {
      shedConnections.inc({ port, reason }, count);
    },
  };
}

/** Creates the count of files that were read again. */
export function createFileLoadMetrics(registry: Registry): (file: LoadedFile, result: LoadResult) => void {
  const loads = new Counter({
    name: 'irsa_webhook_certificate_file_loads_total',
    help: 'Readings of changed certificate files by file and result.',
    labelNames: ['file', 'result'],
    registers: [registry],
  });
  for (const file of files) for (const result of ['loaded', 'refused']) loads.inc({ file, result }, 0);
  return (file, result) => {
    loads.inc({ file, result });
  };
}

function createStateGauges(registers: Registry[], state: () => ServerState): void {
  const reviews = new Gauge({
    name: 'irsa_webhook_reviews_in_flight',
    help: 'Reviews that wait for a lookup.',
    registers,
    collect: () => {
      reviews.set(state().reviewsInFlight);
    },
  });
  const connections = new Gauge({
    name: 'irsa_webhook_connections',
    help: 'Open connections by port.',
    labelNames: ['port'],
    registers,
    collect: () => {
      for (const [port, count] of Object.entries(state().connections)) connections.set({ port }, count);
    },
  });
}
