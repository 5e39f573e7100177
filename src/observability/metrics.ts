// The metrics, by name, and what is counted on each.
import { Counter, Gauge, Registry } from 'prom-client';
import { type AccountMetrics, type AccountMetricsOptions, createAccountMetrics } from './account-metrics.ts';
import {
  addCertificateExpiry,
  type CertificateMetrics,
  type CertificateMetricsOptions,
  createCertificateMetrics,
  type ServedCertificate,
} from './certificate-metrics.ts';
import { createDurations } from './durations.ts';
import {
  createFileLoadMetrics,
  createServerMetrics,
  type LoadedFile,
  type LoadResult,
  type ServerMetrics,
  type ServerMetricsOptions,
} from './server-metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { createTally } from './tally.ts';

/** Seconds. From well below a cached answer's time to the 10 s that the API server waits by default. */
const durationBucketsSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How a call of the webhook ended. */
export type CallRecord = {
  readonly method: string;
  /** The path of the route, in our own words, without a query. */
  readonly path: string;
  readonly statusCode: number;
};

/** How a review ended. */
export type ReviewMetric = {
  readonly outcome: string;
  readonly durationMs: number;
  /** The kind of credentials that the account is promised, if any, whatever came of it. */
  readonly credentials: string | undefined;
};

/** What became of the ConfigMap of roles when it was read. */
export type RoleMapLoad =
  | { readonly result: 'loaded'; readonly entries: number }
  | {
      /** The last good map stays. */
      readonly result: 'refused';
    };

/** What is counted, and how it is read. */
export type Metrics = {
  readonly countCall: (call: CallRecord) => void;
  readonly countReview: (review: ReviewMetric) => void;
  readonly countRoleMap: (load: RoleMapLoad) => void;
  /** A certificate file that changed was read again. */
  readonly countFileLoad: (file: LoadedFile, result: LoadResult) => void;
  /** Adds the metrics of the ports; once. */
  readonly addServer: (options: ServerMetricsOptions) => ServerMetrics;
  /** Adds the metrics of accounts that come from a cluster; once. */
  readonly addAccounts: (options: AccountMetricsOptions) => AccountMetrics;
  /** Adds the metric of when the certificate that is served ends; once. */
  readonly addCertificateExpiry: (served: ServedCertificate) => void;
  /** Adds the metrics of certificates that the webhook manages itself; once. */
  readonly addCertificates: (options: CertificateMetricsOptions) => CertificateMetrics;
  /** Returns all metrics in the text format of Prometheus, and its media type. */
  readonly render: () => Promise<{ readonly contentType: string; readonly body: string }>;
};

/**
 * Creates the metrics in a registry of their own. Each outcome starts at 0, so that `rate()` sees its first count.
 * Labels hold only words of our own and HTTP methods that Node knows: a stranger cannot make new series.
 */
export function createMetrics(outcomes: readonly string[], options: { readonly processMetrics: boolean }): Metrics {
  const registry = new Registry();
  if (options.processMetrics) addProcessMetrics(registry);
  const registers = [registry];

  const reviews = createTally({
    name: 'irsa_webhook_reviews_total',
    help: 'Admission reviews by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of outcomes) reviews.add([outcome], 0);
  const durations = createDurations({
    name: 'irsa_webhook_review_duration_seconds',
    help: 'Time from the headers of a review to its answer, in seconds.',
    bucketsSeconds: durationBucketsSeconds,
    registers,
  });
  const countRoleMap = createRoleMapMetrics(registers);
  const countFileLoad = createFileLoadMetrics(registry);
  const legacy = createGoWebhookMetrics(registers);

  return {
    countCall: ({ method, path, statusCode }) => {
      legacy.calls.add([method, path, String(statusCode)]);
    },
    countReview: ({ outcome, durationMs, credentials }) => {
      reviews.add([outcome]);
      durations.add(durationMs);
      if (credentials !== undefined) {
        legacy.pods.add([credentials]);
        legacy.use();
      }
      if (outcome === 'service_account_not_found') legacy.missingAccounts.inc();
    },
    countRoleMap,
    countFileLoad,
    addServer: (server) => createServerMetrics(registry, server),
    addAccounts: (accounts) => createAccountMetrics(registry, accounts),
    addCertificateExpiry: (served) => {
      addCertificateExpiry(registry, served);
    },
    addCertificates: (certificates) => createCertificateMetrics(registry, certificates),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

function createRoleMapMetrics(registers: Registry[]): Metrics['countRoleMap'] {
  const loads = new Counter({
    name: 'irsa_webhook_role_map_loads_total',
    help: 'Readings of a changed ConfigMap of roles by result.',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['loaded', 'refused']) loads.inc({ result }, 0);
  const refused = new Gauge({
    name: 'irsa_webhook_role_map_refused',
    help: 'Whether the ConfigMap of roles is refused as it is now, so that the last good map is in force.',
    registers,
  });
  const entries = new Gauge({
    name: 'irsa_webhook_role_map_entries',
    help: 'Entries of the map of roles that is in force.',
    registers,
  });
  return (load) => {
    loads.inc({ result: load.result });
    refused.set(load.result === 'refused' ? 1 : 0);
    if (load.result === 'loaded') entries.set(load.entries);
  };
}

/** The Go webhook's names and labels (its pkg/handler/middleware.go, pkg/cache/cache.go): dashboards are built on them. */
function createGoWebhookMetrics(registers: Registry[]) {
  let isUsed = false;
  const families = {
    calls: createTally({
      name: 'http_request_count',
      help: 'Counter of requests broken out for each verb, path, and response code.',
      labelNames: ['verb', 'path', 'code'],
      registers,
    }),
    pods: createTally({
      name: 'pod_identity_webhook_pod_count',
      help: 'Pods whose service account has a role, by the kind of credentials.',
      labelNames: ['method'],
      registers,
    }),
    missingAccounts: new Counter({
      name: 'pod_identity_webhook_missing_sa_count',
      help: 'Reviews of pods whose service account does not exist.',
      registers,
    }),
  };
  const used = new Gauge({
    name: 'pod_identity_webhook_used',
    help: 'Whether any pod had a service account with a role since the start.',
    registers,
    collect: () => {
      used.set(isUsed ? 1 : 0);
    },
  });
  return {
    ...families,
    use: () => {
      isUsed = true;
    },
  };
}
