// Opens the certificates that the webhook manages itself, as the flags say.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultSteps } from '../certificates/fault.ts';
import type { RotationSettings } from '../certificates/rotation.ts';
import type { SelfManaged } from '../certificates/self-managed.ts';
import type { CertificateSource } from '../certificates/source.ts';
import { createTransport } from '../kubernetes/transport.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import { connectByFlags } from './api-server.ts';
import { createCertificateObserver } from './certificate-observer.ts';
import { UsageError } from './flag-values.ts';
import type { FlagValues, serveFlags } from './flags.ts';

/** What opening them needs besides the flags. */
export type SelfManagedContext = {
  readonly version: string;
  readonly environment: { readonly [name: string]: string | undefined };
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'addCertificates'>;
};

/** To let the Lease go; without an API server it is not worth waiting for. */
const closeTimeoutMs = 2_000;

type ServeFlags = FlagValues<typeof serveFlags>;

/**
 * Returns the source. Rejects with a {@link UsageError} where the lifetimes leave no time for a rotation, and where nothing
 * says where the API server is.
 */
export async function openSelfManagedSource(
  flags: ServeFlags,
  context: SelfManagedContext,
): Promise<CertificateSource> {
  const settings = rotationSettings(flags);
  assertCluster(flags, context);
  const connection = await connectByFlags(flags, context.environment);
  // Its library costs 20 MB, which nobody else is to pay.
  const { openSelfManaged } = await import('../certificates/self-managed.ts');
  const api = createTransport(connection, { version: context.version });
  let source: SelfManaged | undefined;
  const metrics = context.metrics.addCertificates({
    faultSteps,
    isInSync: () => source?.isVerified(),
  });
  source = await openSelfManaged({
    api,
    namespace: flags.namespace,
    serviceName: flags['service-name'],
    secretName: flags['tls-secret'],
    configurationNames: configurationNames(flags),
    settings,
    leaseDurationMs: flags['lease-duration'],
    // In a pod its name, for whoever looks at the Lease.
    identity: `${context.environment['HOSTNAME'] ?? 'irsa-webhook'}_${randomUUID()}`,
    nowMs: Date.now,
    monotonicMs: () => performance.now(),
    random: Math.random,
    wait,
    observer: createCertificateObserver(context.log, metrics),
  });
  const { close } = source;
  return {
    ...source,
    close: async () => {
      const enough = new AbortController();
      const tooLong = sleep(closeTimeoutMs, undefined, { signal: enough.signal }).catch(() => undefined);
      await Promise.race([close(), tooLong]);
      enough.abort();
      api.close();
    },
  };
}

/** With accounts from files there may be no cluster at all, which is more likely than that one is missing. */
function assertCluster(flags: ServeFlags, { environment }: SelfManagedContext): void {
  const isNamed =
    flags.kubeconfig !== '' || flags['kube-api'] !== '' || environment['KUBERNETES_SERVICE_HOST'] !== undefined;
  if (isNamed || flags['service-accounts'] === '') return;
  throw new UsageError(
    '--in-cluster=true (the default) manages the certificate by the API of a cluster, and none is named: give --self-signed, ' +
      'or --in-cluster=false with --tls-cert and --tls-key',
  );
}

/** Returns the names of `--webhook-configuration`. */
function configurationNames(flags: Pick<ServeFlags, 'webhook-configuration'>): string[] {
  const names = flags['webhook-configuration'].split(',').map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ''))];
}

/** Returns the times of a rotation. Throws a {@link UsageError} where one step would have to begin before another ends. */
export function rotationSettings(
  flags: Pick<ServeFlags, 'ca-lifetime' | 'certificate-lifetime' | 'ca-propagation-delay'>,
): RotationSettings {
  const authorityLifetimeMs = flags['ca-lifetime'];
  const leafLifetimeMs = flags['certificate-lifetime'];
  const propagationDelayMs = flags['ca-propagation-delay'];
  if (propagationDelayMs >= leafLifetimeMs / 3) {
    throw new UsageError(
      '--ca-propagation-delay: expected less than a third of --certificate-lifetime, as what is left of a certificate ' +
        `must outlast it, got ${seconds(propagationDelayMs)} and ${seconds(leafLifetimeMs)}`,
    );
  }
  if (leafLifetimeMs + propagationDelayMs > authorityLifetimeMs / 3) {
    throw new UsageError(
      '--ca-lifetime: expected at least three times --certificate-lifetime and --ca-propagation-delay together, as the ' +
        `last third must outlast both, got ${seconds(authorityLifetimeMs)} for ${seconds(leafLifetimeMs)} and ` +
        seconds(propagationDelayMs),
    );
  }
  return { authorityLifetimeMs, leafLifetimeMs, propagationDelayMs };
}

function seconds(ms: number): string {
  return `${String(ms / 1000)}s`;
}

async function wait(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal, ref: false }).catch(() => undefined);
}
