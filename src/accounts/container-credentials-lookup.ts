// Gives container credentials to the accounts that a config file lists.
import { type ContainerCredentialsAccounts, hasContainerCredentials } from '../identity/container-credentials.ts';
import type { AccountPreferences } from '../identity/identity.ts';
import { findExactInRoleMap, type RoleMap } from '../identity/role-map.ts';
import { whenAnswered } from './answered.ts';
import type { Answer, Lookup } from './lookup.ts';
import type { AccountRef } from '../identity/account-ref.ts';

/** What the lookup consists of. */
export type ContainerCredentialsOptions = {
  /** Which accounts are listed now. */
  readonly listed: () => ContainerCredentialsAccounts;
  /** What the accounts themselves say, without the map. */
  readonly accounts: Lookup;
  /** Undefined where there is none, or nobody knows it yet. */
  readonly roleMap: () => RoleMap | undefined;
  /** For all other accounts. */
  readonly otherwise: Lookup;
};

/** Where there is neither an account nor an entry for it the flags do not count (the Go webhook's, pkg/cache/cache.go). */
const withoutAccount: AccountPreferences = { regionalSts: false, tokenExpirationSeconds: 86_400 };

/**
 * Returns a lookup in which container credentials come before web identity. Role and audience of a listed account are
 * passed over; STS and expiration come from the account, else from the map's entry for just this account, never from
 * one with wildcards (the Go webhook's GetCommonConfigurations, pkg/cache/cache.go).
 */
export function withContainerCredentials(sources: ContainerCredentialsOptions): Lookup {
  const { listed, accounts, roleMap, otherwise } = sources;
  return (account, deadline) => {
    if (!hasContainerCredentials(listed(), account)) return otherwise(account, deadline);
    return whenAnswered(accounts(account, deadline), (answer) => {
      if (answer.kind === 'fault') return answer;
      const { regionalSts, tokenExpirationSeconds, options } = preferencesOf(answer, account, roleMap());
      const preferences = { regionalSts, tokenExpirationSeconds, ...(options && { options }) };
      return { kind: 'container_credentials', ...preferences, warnings: [] };
    });
  };
}

function preferencesOf(
  answer: Exclude<Answer, { kind: 'fault' }>,
  account: AccountRef,
  roleMap: RoleMap | undefined,
): AccountPreferences {
  if (answer.kind !== 'none') return answer;
  return answer.preferences ?? (roleMap && findExactInRoleMap(roleMap, account)) ?? withoutAccount;
}
