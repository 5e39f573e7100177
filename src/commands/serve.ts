// Serves: puts the parts together, opens the ports, and closes them when it is told to stop.
import { once } from 'node:events';
import { outcomeSentences } from '../admission/outcomes.ts';
import { type LogStream, toStream } from '../observability/log-stream.ts';
import { createLog } from '../observability/log.ts';
import { createMetrics } from '../observability/metrics.ts';
import { openAccountSource } from './account-source.ts';
import { formatBanner } from './banner.ts';
import { openCertificateSource } from './certificate-source.ts';
import { openCallers } from './client-authorities.ts';
import type { serveFlags } from './flags.ts';
import { yieldHelperThreads } from './helper-threads.ts';
import { openPorts } from './open-ports.ts';
import type { ParsedFlags } from './parse-flags.ts';
import { keepYoungGenerationSmall } from './young-generation.ts';

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

/** Kubernetes kills a process 30 s after SIGTERM by default; what is left by then is better ended than killed. */
const hardEndMs = 30_000;

/** An API server keeps 25 idle connections, and opens as many more as it has reviews in flight. */
const manyConnections = 500;

/** Serves until it is told to stop, then resolves when the calls in flight have ended. Rejects if it cannot start. */
export async function serve(parsed: ParsedFlags<typeof serveFlags>, context: ServeContext): Promise<void> {
  yieldHelperThreads();
  const flags = parsed.values;
  const log = createLog({ verbosity: flags.v, destination: toStream(context.standardError), gathers: true });
  context.atExit(log.flush);
  const metrics = createMetrics(Object.keys(outcomeSentences), { processMetrics: true });
  const callers = await openCallers(flags, { log, metrics });
  const certificates = await openCertificateSource(parsed, { ...context, log, metrics });
  metrics.addCertificateExpiry(certificates);
  try {
    const accounts = await openAccountSource(flags, { ...context, log, metrics });
    try {
      const stopping = (): string | undefined => (context.stop.aborted ? 'shutting down' : undefined);
      const parts = { flags, log, metrics, accounts, certificates, callers, stopping };
      const { webhook, operations } = await openPorts(parts);
      log.info({ version: context.version, port: webhook.port, metricsPort: operations.port }, 'listening');
      // Whoever waits for this line is not to wait for others with it.
      log.flush();
      keepYoungGenerationSmall(() => webhook.connectionCount() > manyConnections);
      if (accounts.accounts) {
        const ports = { port: webhook.port, metricsPort: operations.port };
        const known = { path: flags['service-accounts'], accounts: accounts.accounts() };
        context.print(formatBanner({ version: context.version, ...ports, ...known }));
      }
      if (!context.stop.aborted) await once(context.stop, 'abort');
      log.info({}, 'stopping');
      await webhook.drain({ delayMs: flags['shutdown-delay'], hardEndMs });
      await operations.close();
    } finally {
      accounts.close();
    }
  } finally {
    await callers?.close();
    await certificates.close();
  }
  log.info({}, 'stopped');
}
