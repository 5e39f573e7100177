// The metrics of certificates: when they end, how often they were renewed, and whether callers can verify them.
import { Counter, Gauge, type Registry } from 'prom-client';

/** What is read when the metrics are. Times in milliseconds since 1970; undefined before there is anything to tell. */
export type CertificatesState = {
  /** Of the leaf that is served. */
  readonly leafNotAfterMs: number | undefined;
  /** Of the authority that signed it. */
  readonly authorityNotAfterMs: number | undefined;
  /** Whether every caBundle, as it was last seen, verifies the leaf. */
  readonly isInSync: boolean | undefined;
};

/** Whence the metrics come. */
export type CertificateMetricsOptions = {
  readonly state: () => CertificatesState;
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
  createStateGauges(registers, options.state);
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

function createStateGauges(registers: Registry[], state: () => CertificatesState): void {
  const notAfter = new Gauge({
    name: 'irsa_webhook_certificate_not_after_seconds',
    help: 'When the certificate that is served (leaf) and the authority that signed it end, in seconds since 1970.',
    labelNames: ['kind'],
    registers,
    collect: () => {
      const { leafNotAfterMs, authorityNotAfterMs } = state();
      if (leafNotAfterMs !== undefined) notAfter.set({ kind: 'leaf' }, leafNotAfterMs / 1000);
      if (authorityNotAfterMs !== undefined) notAfter.set({ kind: 'authority' }, authorityNotAfterMs / 1000);
    },
  });
  const inSync = new Gauge({
    name: 'irsa_webhook_cabundle_in_sync',
    help: 'Whether every caBundle, as it was last seen, verifies the certificate that is served.',
    registers,
    collect: () => {
      inSync.set(state().isInSync === true ? 1 : 0);
    },
  });
}
