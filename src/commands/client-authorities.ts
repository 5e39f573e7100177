// Opens the authorities of callers that the flags name.
import { followClientAuthorities } from '../certificates/client-authorities.ts';
import type { FollowedFiles } from '../files/follow.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import { UsageError } from './flag-values.ts';
import type { FlagValues, serveFlags } from './flags.ts';

/** Who may send reviews. */
export type Callers = {
  readonly names: readonly string[];
  readonly authorities: FollowedFiles<string>['current'];
  /** Tells `use` of later authorities; there is one follower. */
  readonly follow: (use: (authorities: string) => void) => void;
  readonly close: () => Promise<void>;
};

/**
 * Returns who may send reviews; undefined where everybody may. Rejects with a {@link UsageError} where there are names and
 * no authorities, and with a CertificateError where the file holds none.
 */
export async function openCallers(
  flags: Pick<FlagValues<typeof serveFlags>, 'client-ca-file' | 'client-name'>,
  { log, metrics }: { readonly log: Log; readonly metrics: Pick<Metrics, 'countFileLoad'> },
): Promise<Callers | undefined> {
  const path = flags['client-ca-file'];
  const names = flags['client-name'].split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
  if (path === '') {
    if (names.length === 0) return undefined;
    throw new UsageError('--client-name needs --client-ca-file: a name counts only in a certificate that is verified');
  }
  let use: ((authorities: string) => void) | undefined;
  const followed = await followClientAuthorities({
    path,
    onLoad: (authorities) => {
      metrics.countFileLoad('client_authorities', 'loaded');
      log.info({ path }, 'client authorities reloaded');
      use?.(authorities);
    },
    onRefusal: (error) => {
      metrics.countFileLoad('client_authorities', 'refused');
      log.error({ error: error.message }, 'client authorities not reloaded; the last good ones stay');
    },
  });
  return {
    names,
    authorities: followed.current,
    follow: (follower) => {
      use = follower;
    },
    close: followed.close,
  };
}
