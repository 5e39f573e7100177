// Opens the source of the serving pair that the flags name: files, the API, or pairs made for a laptop.
import { createFileCertificates } from '../certificates/file-source.ts';
import type { CertificateSource } from '../certificates/source.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { serveFlags } from './flags.ts';
import type { ParsedFlags } from './parse-flags.ts';
import { openSelfManagedSource, type SelfManagedContext } from './self-managed.ts';

/** What opening a source needs besides the flags. */
export type CertificateSourceContext = SelfManagedContext & { readonly metrics: Pick<Metrics, 'countFileLoad'> };

/**
 * Returns the source. Rejects with a CertificateError where the files hold no pair, and where the webhook cannot manage one
 * itself.
 */
export async function openCertificateSource(
  { values, given }: ParsedFlags<typeof serveFlags>,
  context: CertificateSourceContext,
): Promise<CertificateSource> {
  if (values['self-signed']) return openSelfSigned(context);
  const filesGiven = given.has('tls-cert') && given.has('tls-key');
  if (values['in-cluster'] && (given.has('in-cluster') || !filesGiven)) {
    return openSelfManagedSource(values, context);
  }
  return openFiles(values['tls-cert'], values['tls-key'], context);
}

async function openFiles(
  certPath: string,
  keyPath: string,
  { log, metrics }: CertificateSourceContext,
): Promise<CertificateSource> {
  return createFileCertificates({
    certPath,
    keyPath,
    now: Date.now,
    onReload: (reload) => {
      if ('error' in reload) {
        metrics.countFileLoad('serving_pair', 'refused');
        log.error({ error: reload.error.message }, 'serving pair not reloaded; the last good one stays');
      } else {
        metrics.countFileLoad('serving_pair', 'loaded');
        log.info({ path: certPath, notAfter: reload.notAfter.toISOString() }, 'serving pair reloaded');
      }
    },
  });
}

async function openSelfSigned({ log }: CertificateSourceContext): Promise<CertificateSource> {
  // Loaded here only: what makes certificates costs start-up time.
  const { createSelfSignedCertificates } = await import('../certificates/self-signed-source.ts');
  return createSelfSignedCertificates({
    hosts: ['localhost'],
    now: Date.now,
    onRenewal: (renewal) => {
      if ('error' in renewal) log.error({ error: renewal.error.message }, 'self-signed pair not renewed');
      else log.info({ notAfter: renewal.notAfter.toISOString() }, 'self-signed pair renewed');
    },
  });
}
