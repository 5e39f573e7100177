// Tells the log and the metrics of the certificates that the webhook manages itself.
import type { SelfManagedObserver } from '../certificates/self-managed.ts';
import type { CertificateMetrics } from '../observability/certificate-metrics.ts';
import type { Log } from '../observability/log.ts';

/** Every step of a rotation that is told, in words. */
const stepMessages = {
  create: 'authority made, as there was none',
  repair: 'what cannot be used was taken out of the Secret',
  introduce: 'next authority made; it signs once every API server knows it',
  switch: 'next authority signs from now on',
  retire: 'old authority dropped',
} as const;

/**
 * Returns an observer. What it has said it does not say again before it changes: everything is looked at every minute.
 */
export function createCertificateObserver(log: Log, metrics: CertificateMetrics): SelfManagedObserver {
  const changed = createChangeMemory();
  return {
    onConfigurations: ({ missing, forbidden }) => {
      const names = { missing: missing.join(', '), forbidden: forbidden.map(({ name }) => name).join(', ') };
      if (changed('missing', names.missing) && names.missing !== '') {
        log.warn(
          { names: names.missing },
          'there is no MutatingWebhookConfiguration of this name (--webhook-configuration)',
        );
      }
      if (changed('forbidden', names.forbidden) && names.forbidden !== '') {
        log.warn({ names: names.forbidden }, 'ValidatingWebhookConfigurations may not be read, so none is kept');
      }
    },
    onSecret: ({ faults }) => {
      const text = faults.join('; ');
      // All could be read: what failed before is news again.
      changed('fault', '');
      if (changed('secret', text) && text !== '') log.error({ faults: text }, 'the Secret holds what cannot be used');
    },
    onStep: (kind, { signer, next, old }) => {
      if (kind === 'switch' || kind === 'create') metrics.countRotation('authority');
      log.info(
        {
          step: kind,
          signer: signer?.certificate.serialNumber,
          next: next?.certificate.serialNumber,
          old: old?.certificate.serialNumber,
        },
        stepMessages[kind],
      );
    },
    onBundle: ({ kind, name, isWritten, expiredCount, unreadableCount }) => {
      if (!isWritten) return;
      metrics.countBundleWrite();
      log.info({ step: 'bundle', kind, name, expiredCount, unreadableCount }, 'caBundle written');
    },
    onLeaf: ({ certificate, notAfterMs }) => {
      metrics.countRotation('leaf');
      const notAfter = new Date(notAfterMs).toISOString();
      log.info(
        { serial: certificate.serialNumber, issuer: certificate.issuer, notAfter },
        'certificate signed and served',
      );
    },
    onWriter: (isWriter) => {
      log.info(
        {},
        isWriter ? 'this replica keeps the authority and the caBundles' : 'another replica may keep them now',
      );
    },
    onFault: (step, error) => {
      metrics.countFault(step);
      const isNew = changed('fault', `${step}: ${error}`);
      log[isNew ? 'warn' : 'debug']({ step, error }, 'certificates could not be kept; it is tried again');
    },
    onWatchError: (error) => {
      log.warn({ error }, 'Secret or configurations cannot be followed; they are read every minute besides');
    },
  };
}

/** Returns a function that tells whether a text is another one than when it was last asked about. */
function createChangeMemory(): (subject: string, text: string) => boolean {
  const told = new Map<string, string>();
  return (subject, text) => {
    const isNew = told.get(subject) !== text;
    told.set(subject, text);
    return isNew;
  };
}
