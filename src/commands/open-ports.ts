// Opens the port of the webhook and the one of the metrics, with the routes of each.
import type { RequestListener } from 'node:http';
import { createPodReview, podNames } from '../admission/pods.ts';
import { accountNames, createServiceAccountReview } from '../admission/service-accounts.ts';
import { describePromises } from '../accounts/known-promises.ts';
import type { CertificateSource } from '../certificates/source.ts';
import { createEndController } from '../kubernetes/end-signal.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import { type AppOptions, createApp } from '../server/app.ts';
import { createAnswerBudget } from '../server/answer-budget.ts';
import { createBodyBudget } from '../server/body.ts';
import { createBodyTurns } from '../server/body-turns.ts';
import { createCallerCheck } from '../server/callers.ts';
import { createDebugRoute } from '../server/debug-route.ts';
import { handshakeErrorReasons } from '../server/handshake-errors.ts';
import { createHealthRoutes } from '../server/health.ts';
import { maxMetricsConnections } from '../server/limits.ts';
import { listen, type Listener, type ListenOptions } from '../server/listen.ts';
import { createMetricsRoute } from '../server/metrics-route.ts';
import { createReviewGate, type ReviewGate } from '../server/review-gate.ts';
import { createReviewRoute } from '../server/review-route.ts';
import type { AccountSource } from './account-source.ts';
import type { Callers } from './client-authorities.ts';
import type { FlagValues, serveFlags } from './flags.ts';
import { createPortObserver, shedReasons } from './port-observer.ts';
import { createReviewObserver } from './review-observer.ts';
import { accountDefaults, injectionSettings } from './settings.ts';
import { parseTlsSettings } from './tls-settings.ts';

/** What the ports are opened with. */
export type PortParts = {
  readonly flags: FlagValues<typeof serveFlags>;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly accounts: AccountSource;
  readonly certificates: CertificateSource;
  /** Only where not everybody may send reviews. */
  readonly callers: Callers | undefined;
  /** Returns why the process wants no more calls, or undefined. */
  readonly stopping: () => string | undefined;
};

/** The open ports. */
export type OpenPorts = { readonly webhook: Listener; readonly operations: Listener };

/** A body that takes longer than the API server waits for an answer by default is not worth reading. */
const bodyTimeoutMs = 10_000;

/** Opens both ports or, rejecting, none. */
export async function openPorts(parts: PortParts): Promise<OpenPorts> {
  const { flags, log, metrics, accounts, certificates, stopping } = parts;
  const onFault = (error: unknown): void => {
    log.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'internal fault');
  };
  const health = createHealthRoutes(() => stopping() ?? accounts.notReady() ?? certificates.notReady());
  const open: Partial<OpenPorts> = {};
  const serverMetrics = metrics.addServer({
    handshakeErrorReasons,
    shedReasons,
    state: () => ({
      reviewsInFlight: gate.count(),
      connections: {
        webhook: open.webhook?.connectionCount() ?? 0,
        metrics: open.operations?.connectionCount() ?? 0,
      },
    }),
  });
  const gate = createReviewGate(flags['max-reviews-in-flight'], serverMetrics.countShedReview);
  const observing = { log, metrics: serverMetrics, now: () => performance.now() };
  const { routes, direct } = createReviewRoutes(parts, gate, onFault);
  const webhook = await openWebhook(parts, createApp({ routes: [...routes, health], direct, onFault }), {
    observer: createPortObserver('webhook', observing),
  });
  try {
    const debug = flags['enable-debugging-handlers']
      ? [createDebugRoute(() => describePromises(accounts.known()))]
      : [];
    const operations = await listen(
      createApp({ routes: [createMetricsRoute(metrics.render), health, ...debug], onFault }),
      {
        port: flags['metrics-port'],
        flag: '--metrics-port',
        maxConnections: maxMetricsConnections,
        observer: createPortObserver('metrics', observing),
      },
    );
    Object.assign(open, { webhook, operations });
    return { webhook, operations };
  } catch (error) {
    // An open port would keep the process from ending.
    await webhook.close();
    throw error;
  }
}

/** Opens the port of the webhook, and has it follow what it serves with. */
async function openWebhook(
  { flags, certificates, callers }: PortParts,
  app: RequestListener,
  { observer }: Pick<ListenOptions, 'observer'>,
): Promise<Listener> {
  const pair = certificates.pair();
  const clientAuthorities = callers?.authorities();
  const webhook = await listen(app, {
    port: flags.port,
    flag: '--port',
    pair,
    tls: parseTlsSettings(flags['tls-min-version'], flags['tls-cipher-suites']),
    ...(clientAuthorities !== undefined && { clientAuthorities }),
    maxConnections: flags['max-connections'],
    ...(observer && { observer }),
  });
  certificates.follow((next) => {
    webhook.use({ pair: next });
  });
  callers?.follow((next) => {
    webhook.use({ clientAuthorities: next });
  });
  // What changed while the port was opened was told to nobody.
  if (certificates.pair() !== pair) webhook.use({ pair: certificates.pair() });
  if (callers && callers.authorities() !== clientAuthorities) webhook.use({ clientAuthorities: callers.authorities() });
  return webhook;
}

const mutatePath = '/mutate';
const validatePath = '/validate/service-accounts';

function createReviewRoutes(
  { flags, log, metrics, accounts, callers }: PortParts,
  gate: ReviewGate,
  onFault: (error: unknown) => void,
): Required<Pick<AppOptions, 'direct' | 'routes'>> {
  const observers = createReviewObserver(log, metrics, () => performance.now());
  const shared = {
    lookupTimeoutMs: flags['lookup-timeout'],
    createEnd: createEndController,
    bodyTimeoutMs,
    bodyBudget: createBodyBudget(),
    bodyTurns: createBodyTurns(),
    answerBudget: createAnswerBudget(),
    gate,
    ...observers,
    onFault,
  };
  const check = callers && createCallerCheck({ ...callers, ...shared, paths: [mutatePath, validatePath] });
  const mutate = createReviewRoute({
    ...shared,
    path: mutatePath,
    review: createPodReview({
      lookup: accounts.lookup,
      settings: injectionSettings(flags),
      ...(accounts.readNamespaceOptOut && { readNamespaceOptOut: accounts.readNamespaceOptOut }),
      ...(accounts.readConfigMaps && { readConfigMaps: accounts.readConfigMaps }),
    }),
    namesOf: podNames,
  });
  const validate = createReviewRoute({
    ...shared,
    path: validatePath,
    review: createServiceAccountReview(accountDefaults(flags)),
    namesOf: accountNames,
  });
  const routes = [mutate.addRoutes, validate.addRoutes];
  // Nobody goes past the check.
  return check ? { routes: [check, ...routes], direct: [] } : { routes, direct: [mutate, validate] };
}
