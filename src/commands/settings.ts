// What the shared flags mean to the decision.
import type { IdentityDefaults } from '../identity/identity.ts';
import { maxTokenExpirationSeconds, minTokenExpirationSeconds } from '../identity/token-expiration.ts';
import type { InjectionSettings } from '../injection/settings.ts';
import type { FlagValues, mutateFlags } from './flags.ts';

/** The flags that `serve` and `mutate` share. */
export type InjectionFlags = Pick<
  FlagValues<typeof mutateFlags>,
  | 'annotation-prefix'
  | 'aws-default-region'
  | 'container-credentials-audience'
  | 'container-credentials-full-uri'
  | 'container-credentials-token-mount-path'
  | 'container-credentials-token-path'
  | 'container-credentials-token-volume-name'
  | 'sts-regional-endpoint'
  | 'token-audience'
  | 'token-expiration'
  | 'token-mount-path'
>;

/** Returns what applies where an account's annotations are silent. */
export function identityDefaults(flags: InjectionFlags): IdentityDefaults {
  return {
    annotationPrefix: flags['annotation-prefix'],
    audience: flags['token-audience'],
    regionalSts: flags['sts-regional-endpoint'],
    // The API server would refuse every pod; the Go webhook, too, raises the flag to the minimum.
    tokenExpirationSeconds: Math.min(
      Math.max(flags['token-expiration'], minTokenExpirationSeconds),
      maxTokenExpirationSeconds,
    ),
  };
}

/** Returns what is fixed for every injection. */
export function injectionSettings(flags: InjectionFlags): InjectionSettings {
  return {
    annotationPrefix: flags['annotation-prefix'],
    mountPath: flags['token-mount-path'],
    region: flags['aws-default-region'],
    containerCredentials: {
      audience: flags['container-credentials-audience'],
      mountPath: flags['container-credentials-token-mount-path'],
      volumeName: flags['container-credentials-token-volume-name'],
      tokenPath: flags['container-credentials-token-path'],
      fullUri: flags['container-credentials-full-uri'],
    },
  };
}
