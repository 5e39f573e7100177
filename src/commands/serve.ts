// Serves: puts the parts together, opens the ports, and closes them when it is told to stop.
import { once } from 'node:events';
import { outcomeSentences } from '../admission/outcomes.ts';
import { createPodReview, podNames } from '../admission/pods.ts';
import { accountNames, createServiceAccountReview } from '../admission/service-accounts.ts';
import { describePromises } from '../accounts/known-promises.ts';
import { createLog, type Log } from '../observability/log.ts';
import { type LogStream, toStream } from '../observability/log-stream.ts';
import { createMetrics, type Metrics } from '../observability/metrics.ts';
import { createApp } from '../server/app.ts';
import { createBodyBudget } from '../server/body.ts';
import { createDebugRoute } from '../server/debug-route.ts';
import { createHealthRoutes } from '../server/health.ts';
import { listen, type Listener } from '../server/listen.ts';
import { createMetricsRoute } from '../server/metrics-route.ts';
import { createReviewRoute } from '../server/review-route.ts';
import { type AccountSource, openAccountSource } from './account-source.ts';
import { formatBanner } from './banner.ts';
import type { serveFlags } from './flags.ts';
import { createHandshakeObserver } from './handshake-observer.ts';
import type { ParsedFlags } from './parse-flags.ts';
import { createReviewObserver } from './review-observer.ts';
import { readServingPair, type ServingPair } from './serving-pair.ts';
import { accountDefaults, injectionSettings } from './settings.ts';
import { parseTlsSettings } from './tls-settings.ts';

/** What the process gives the command. */
export type ServeContext = {
  readonly version: string;
  readonly environment: { readonly [name: string]: string | undefined };
  readonly print: (text: string) => void;
  readonly standardError: LogStream;
  /** Has something done when the process ends, also by a fault. */
  readonly atExit: (task: () => void) => void;
  /** Aborted when it is time to stop. */
  readonly stop: AbortSignal;
};

/** A body that takes longer than the API server waits for an answer by default is not worth reading. */
const bodyTimeoutMs = 10_000;
/** Kubernetes kills a process 30 s after SIGTERM by default; what is left by then is better ended than killed. */
const hardEndMs = 25_000;

/** Serves until it is told to stop, then resolves when the calls in flight have ended. Rejects if it cannot start. */
export async function serve(parsed: ParsedFlags<typeof serveFlags>, context: ServeContext): Promise<void> {
  const flags = parsed.values;
  const log = createLog({ verbosity: flags.v, destination: toStream(context.standardError), gathers: true });
  context.atExit(log.flush);
  const pair = await readServingPair(parsed);
  const metrics = createMetrics(Object.keys(outcomeSentences), { processMetrics: true });
  const source = await openAccountSource(flags, { ...context, log, metrics });
  try {
    const { webhook, operations } = await openPorts({ parsed, context, log, metrics, pair, source });
    log.info({ version: context.version, port: webhook.port, metricsPort: operations.port }, 'listening');
    if (source.accounts) {
      const ports = { port: webhook.port, metricsPort: operations.port };
      const accounts = { path: flags['service-accounts'], accounts: source.accounts() };
      context.print(formatBanner({ version: context.version, ...ports, ...accounts }));
    }
    if (!context.stop.aborted) await once(context.stop, 'abort');
    log.info({}, 'stopping');
    await webhook.drain(hardEndMs);
    await operations.drain(0);
  } finally {
    source.close();
  }
  log.info({}, 'stopped');
}

type Parts = {
  readonly parsed: ParsedFlags<typeof serveFlags>;
  readonly context: ServeContext;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly pair: ServingPair;
  readonly source: AccountSource;
};

/** Opens the port of the webhook and the one of the metrics; both or, rejecting, none. */
async function openPorts({ parsed, context, log, metrics, pair, source }: Parts): Promise<{
  readonly webhook: Listener;
  readonly operations: Listener;
}> {
  const flags = parsed.values;
  const onFault = (error: unknown): void => {
    log.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'internal fault');
  };
  const health = createHealthRoutes(() => (context.stop.aborted ? 'shutting down' : source.notReady()));
  const shared = {
    lookupTimeoutMs: flags['lookup-timeout'],
    bodyTimeoutMs,
    bodyBudget: createBodyBudget(),
    ...createReviewObserver(log, metrics),
    onFault,
  };
  const mutate = createReviewRoute({
    ...shared,
    path: '/mutate',
    review: createPodReview({
      lookup: source.lookup,
      settings: injectionSettings(flags),
      ...(source.readNamespaceOptOut && { readNamespaceOptOut: source.readNamespaceOptOut }),
      ...(source.readConfigMaps && { readConfigMaps: source.readConfigMaps }),
    }),
    namesOf: podNames,
  });
  const validate = createReviewRoute({
    ...shared,
    path: '/validate/service-accounts',
    review: createServiceAccountReview(accountDefaults(flags)),
    namesOf: accountNames,
  });

  const tls = parseTlsSettings(flags['tls-min-version'], flags['tls-cipher-suites']);
  const webhook = await listen(createApp({ routes: [mutate, validate, health], onFault }), {
    port: flags.port,
    flag: '--port',
    pair,
    tls,
    onHandshakeError: createHandshakeObserver(log, () => performance.now()),
  });
  try {
    const debug = flags['enable-debugging-handlers'] ? [createDebugRoute(() => describePromises(source.known()))] : [];
    const operationsApp = createApp({ routes: [createMetricsRoute(metrics.render), health, ...debug], onFault });
    return {
      webhook,
      operations: await listen(operationsApp, { port: flags['metrics-port'], flag: '--metrics-port' }),
    };
  } catch (error) {
    // An open port would keep the process from ending.
    await webhook.drain(0);
    throw error;
  }
}
