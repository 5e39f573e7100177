// The metrics of certificates: when they end, how often they were renewed, and whether callers can verify them.
import { Counter, Gauge, type Registry } from 'prom-client';

/** What is served, whoever made it. */
export type ServedCertificate = {
  /** Undefined before there is anything to tell. */
  readonly notAfter: () => Date | undefined;
  /** Of the authority that signed it, where that is known. */
  readonly authorityNotAfter?: () => Date | undefined;
};

/** Adds the metric of when what is served ends, to a registry; read when the metrics are. */
export function addCertificateExpiry(registry: Registry, served: ServedCertificate): void {
  const gauge = new Gauge({
    name: 'irsa_webhook_certificate_not_after_seconds',
    help: 'When the certificate that is served (leaf) and the authority that signed it end, in seconds since 1970.',
    labelNames: ['kind'],
    registers: [registry],
    collect: () => {
      for (const [kind, date] of [
        ['leaf', served.notAfter()],
        ['authority', served.authorityNotAfter?.()],
      ] as const) {
        if (date !== undefined) gauge.set({ kind }, date.getTime() / 1000);
      }
    },
  });
}

/** Whence the metrics come of certificates that the webhook manages itself. */
export type CertificateMetricsOptions = {
  /** Whether every caBundle, as it was last seen, verifies the leaf; undefined before there is anything to tell. */
  readonly isInSync: () => boolean | undefined;
  /** The words that are counted; each starts at 0. */
  readonly faultSteps: readonly string[];
};

/** What is counted. */
export type CertificateMetrics = {
  readonly countRotation: (kind: 'authority' | 'leaf') => void;
  readonly countFault: (step: string) => void;
  readonly countBundleWrite: () => void;
};

/** Creates the metrics in a registry. */
export function createCertificateMetrics(registry: Registry, options: CertificateMetricsOptions): CertificateMetrics {
  const registers = [registry];
  createSyncGauge(registers, options.isInSync);
  const rotations = new Counter({
    name: 'irsa_webhook_certificate_rotations_total',
    help: 'Leaves that this replica signed for itself, and authorities that it put into office.',
    labelNames: ['kind'],
    registers,
  });
  for (const kind of ['authority', 'leaf']) rotations.inc({ kind }, 0);
  const faults = new Counter({
    name: 'irsa_webhook_certificate_rotation_errors_total',
    help: 'Failures while certificates were kept, by what failed; each is tried again.',
    labelNames: ['step'],
    registers,
  });
  for (const step of options.faultSteps) faults.inc({ step }, 0);
  const writes = new Counter({
    name: 'irsa_webhook_cabundle_writes_total',
    help: 'Configurations whose caBundle this replica put right.',
    registers,
  });
  return {
    countRotation: (kind) => {
      rotations.inc({ kind });
    },
    countFault: (step) => {
      faults.inc({ step });
    },
    countBundleWrite: () => {
      writes.inc();
    },
  };
}

function createSyncGauge(registers: Registry[], isInSync: CertificateMetricsOptions['isInSync']): void {
  const inSync = new Gauge({
    name: 'irsa_webhook_cabundle_in_sync',
    help: 'Whether every caBundle, as it was last seen, verifies the certificate that is served; 0, too, while a configuration of --webhook-configuration is missing.',
    registers,
    collect: () => {
      inSync.set(isInSync() === true ? 1 : 0);
    },
  });
}
