// Chooses the serving pair that the flags name: files, or one made for a laptop.
import { readPair } from '../certificates/files.ts';
import { UsageError } from './flag-values.ts';
import type { serveFlags } from './flags.ts';
import type { ParsedFlags } from './parse-flags.ts';

/** A certificate chain and its key, in PEM. */
export type ServingPair = { readonly cert: string; readonly key: string };

/**
 * Returns the pair. Rejects with a {@link UsageError} where the flags ask for one that the webhook manages itself, and
 * with a CertificateError where the files hold none.
 */
export async function readServingPair({ values, given }: ParsedFlags<typeof serveFlags>): Promise<ServingPair> {
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
