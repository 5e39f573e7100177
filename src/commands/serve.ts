// Serves: puts the parts together, opens the ports, and closes them when it is told to stop.
import { setTimeout as sleep } from 'node:timers/promises';
import { createClusterLookup } from '../accounts/cluster.ts';
import { waitForFirstRead } from '../accounts/first-read.ts';
import type { Lookup } from '../accounts/lookup.ts';
import type { Accounts } from '../accounts/manifest.ts';
import { outcomeSentences } from '../admission/outcomes.ts';
import { createPodReview } from '../admission/pods.ts';
import { readPair } from '../certificates/files.ts';
import { connect } from '../kubernetes/connect.ts';
import { createTransport } from '../kubernetes/transport.ts';
import { createLog, type Log } from '../observability/log.ts';
import { createMetrics } from '../observability/metrics.ts';
import { createApp } from '../server/app.ts';
import { createHealthRoutes } from '../server/health.ts';
import { listen } from '../server/listen.ts';
import { createMetricsRoute } from '../server/metrics-route.ts';
import { createMutateRoute } from '../server/mutate.ts';
import { formatBanner } from './banner.ts';
import { UsageError } from './flag-values.ts';
import type { FlagValues, serveFlags } from './flags.ts';
import type { ParsedFlags } from './parse-flags.ts';
import { createReviewObserver } from './review-observer.ts';
import { identityDefaults, injectionSettings } from './settings.ts';

/** What the process gives the command. */
export type ServeContext = {
  readonly version: string;
  readonly environment: { readonly [name: string]: string | undefined };
  readonly print: (text: string) => void;
  /** Aborted when it is time to stop. */
  readonly stop: AbortSignal;
};

type ServeFlags = FlagValues<typeof serveFlags>;

/** A body that takes longer than the API server waits for an answer by default is not worth reading. */
const bodyTimeoutMs = 10_000;
/** A call in flight is never older than the API server's own limit for webhooks. */
const hardEndMs = 30_000;

/** Serves until it is told to stop, then resolves when the calls in flight have ended. Rejects if it cannot start. */
export async function serve(parsed: ParsedFlags<typeof serveFlags>, context: ServeContext): Promise<void> {
  const flags = parsed.values;
  const log = createLog({ verbosity: flags.v });
  const source = await openAccounts(flags, context, log);
  try {
    await serveAccounts(source, parsed, context, log);
  } finally {
    source.close();
  }
  log.info({}, 'stopped');
}

async function serveAccounts(
  source: AccountSource,
  parsed: ParsedFlags<typeof serveFlags>,
  context: ServeContext,
  log: Log,
): Promise<void> {
  const flags = parsed.values;
  const metrics = createMetrics(Object.keys(outcomeSentences), { processMetrics: true });
  const pair = await readServingPair(parsed);
  const onFault = (error: unknown): void => {
    log.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'internal fault');
  };
  const health = createHealthRoutes(() => (context.stop.aborted ? 'shutting down' : source.notReady()));
  const mutate = createMutateRoute({
    reviewPod: createPodReview(source.lookup, injectionSettings(flags)),
    lookupTimeoutMs: flags['lookup-timeout'],
    bodyTimeoutMs,
    ...createReviewObserver(log, metrics),
    onFault,
  });

  const webhook = await listen(createApp({ routes: [mutate, health], onFault }), { port: flags.port, pair });
  const operations = await listen(createApp({ routes: [createMetricsRoute(metrics.render), health], onFault }), {
    port: flags['metrics-port'],
  }).catch(async (error: unknown) => {
    // An open port would keep the process from ending.
    await webhook.drain(0);
    throw error;
  });
  log.info({ version: context.version, port: webhook.port, metricsPort: operations.port }, 'listening');
  if (source.accounts) {
    context.print(
      formatBanner({
        version: context.version,
        port: webhook.port,
        metricsPort: operations.port,
        path: flags['service-accounts'],
        accounts: source.accounts(),
      }),
    );
  }

  await new Promise<void>((resolve) => {
    if (context.stop.aborted) resolve();
    else
      context.stop.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });
  log.info({}, 'stopping');
  await webhook.drain(hardEndMs);
  await operations.drain(0);
}

type AccountSource = {
  readonly lookup: Lookup;
  readonly notReady: () => string | undefined;
  readonly close: () => void;
  /** Only where all accounts are known. */
  readonly accounts?: () => Accounts;
};

async function openAccounts(flags: ServeFlags, context: ServeContext, log: Log): Promise<AccountSource> {
  const defaults = identityDefaults(flags);
  const path = flags['service-accounts'];
  if (path !== '') {
    const { createFileAccounts } = await import('../accounts/files.ts');
    const files = await createFileAccounts({
      path,
      defaults,
      onReload: (reload) => {
        if ('error' in reload)
          log.error({ path, error: reload.error.message }, 'accounts not reloaded; the last good ones stay');
        else log.info({ path, accounts: reload.accounts.size }, 'accounts reloaded');
      },
    });
    return { ...files, notReady: () => undefined };
  }

  const connection = await connect({
    kubeconfigPath: flags.kubeconfig,
    apiServerUrl: flags['kube-api'],
    serviceHost: context.environment['KUBERNETES_SERVICE_HOST'],
    servicePort: context.environment['KUBERNETES_SERVICE_PORT'],
  });
  const transport = createTransport(connection, { version: context.version });
  const closed = new AbortController();
  let notReady: string | undefined = 'service accounts have not been read yet';
  const becomeReady = async (): Promise<void> => {
    const read = await waitForFirstRead({
      api: transport,
      wait: (delayMs, signal) => sleep(delayMs, undefined, { signal, ref: false }).catch(() => undefined),
      onFailure: (message) => {
        notReady = `service accounts cannot be read: ${message}`;
        log.warn({ error: message }, 'service accounts cannot be read');
      },
      signal: closed.signal,
    });
    if (!read) return;
    notReady = undefined;
    log.info({}, 'service accounts can be read; ready');
  };
  void becomeReady();
  return {
    lookup: createClusterLookup({ api: transport, defaults, now: () => performance.now() }),
    notReady: () => notReady,
    close: () => {
      closed.abort();
      transport.close();
    },
  };
}

async function readServingPair({
  values,
  given,
}: ParsedFlags<typeof serveFlags>): Promise<{ cert: string; key: string }> {
  if (values['self-signed']) {
    const { createSelfSignedPair } = await import('../certificates/self-signed.ts');
    return createSelfSignedPair(['localhost']);
  }
  const filesGiven = given.has('tls-cert') && given.has('tls-key');
  if (values['in-cluster'] && (given.has('in-cluster') || !filesGiven)) {
    throw new UsageError(
      '--in-cluster=true (the default) means that the webhook manages its own certificate, which this version cannot do ' +
        'yet: give --in-cluster=false with --tls-cert and --tls-key, or --self-signed',
    );
  }
  return readPair(values['tls-cert'], values['tls-key']);
}
