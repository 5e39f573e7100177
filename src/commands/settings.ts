// What the shared flags mean to the decision.
import { type LiveLookups, liveLookupModes } from '../accounts/cached-lookup.ts';
import type { InstanceIdentity } from '../accounts/instance-metadata.ts';
import { isAccountId, isPartition, partitionOfRegion, type RoleOwner } from '../identity/compose-role-arn.ts';
import type { IdentityDefaults } from '../identity/identity.ts';
import { maxTokenExpirationSeconds, minTokenExpirationSeconds } from '../identity/token-expiration.ts';
import type { InjectionSettings } from '../injection/settings.ts';
import { UsageError } from './flag-values.ts';
import type { FlagValues, mutateFlags, serveFlags } from './flags.ts';

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
  | 'token-expiration-jitter'
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
    spreadsTokenExpiration: flags['token-expiration-jitter'],
    containerCredentials: {
      audience: flags['container-credentials-audience'],
      mountPath: flags['container-credentials-token-mount-path'],
      volumeName: flags['container-credentials-token-volume-name'],
      tokenPath: flags['container-credentials-token-path'],
      fullUri: flags['container-credentials-full-uri'],
    },
  };
}

/**
 * Returns the same for `serve`, where `--compose-role-arn` may say whose roles are meant; `later` where no flag names the
 * account. Throws a {@link UsageError} where a flag does not say it well.
 */
export function accountDefaults(flags: FlagValues<typeof serveFlags>): IdentityDefaults {
  const defaults = identityDefaults(flags);
  if (!flags['compose-role-arn']) return defaults;
  const accountId = flags['aws-account-id'];
  const partition = flags['aws-partition'];
  if (accountId !== '' && !isAccountId(accountId)) {
    throw new UsageError(`--aws-account-id: expected the 12 digits of an account, got ${JSON.stringify(accountId)}`);
  }
  if (partition !== '' && !isPartition(partition)) {
    throw new UsageError(`--aws-partition: expected a name such as aws or aws-cn, got ${JSON.stringify(partition)}`);
  }
  if (accountId === '') return { ...defaults, roleOwner: 'later' };
  return {
    ...defaults,
    roleOwner: { accountId, partition: partition || partitionOfRegion(flags['aws-default-region']) },
  };
}

/** Returns the owner that instance metadata tells of: the account is the node's, the partition the flag's or its region's. */
export function roleOwnerOf(
  { accountId, region }: InstanceIdentity,
  flags: Pick<FlagValues<typeof serveFlags>, 'aws-partition' | 'aws-default-region'>,
): RoleOwner {
  return {
    accountId,
    partition: flags['aws-partition'] || partitionOfRegion(region || flags['aws-default-region']),
  };
}

/** Returns when accounts are read live. */
export function liveLookups(flags: Pick<FlagValues<typeof serveFlags>, 'live-lookups'>): LiveLookups {
  return liveLookupModes.find((mode) => mode === flags['live-lookups']) ?? 'on';
}
