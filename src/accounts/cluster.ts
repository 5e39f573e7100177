// Reads an account from the API server, live.
import type { AccountRef } from '../identity/account-ref.ts';
import { type IdentityDefaults, parseIdentity } from '../identity/identity.ts';
import { asObject } from '../identity/json.ts';
import { isObjectName, type LiveReadOptions, readLive } from './live-read.ts';
import type { Answer, Deadline, Lookup } from './lookup.ts';

/** What a cluster source needs. */
export type ClusterAccountsOptions = LiveReadOptions & { readonly defaults: IdentityDefaults };

/** Returns a lookup that asks the API server each time, as {@link readLive} does. */
export function createClusterLookup(options: ClusterAccountsOptions): Lookup {
  return (account, deadline) => (canExist(account) ? ask(account, deadline, options) : accountNotFound);
}

/** Returns whether an account can have these names. */
export function canExist({ namespace, name }: AccountRef): boolean {
  return isObjectName(namespace) && isObjectName(name);
}

/** The answer for an account that is not there. */
export const accountNotFound: Answer = { kind: 'none', reason: 'service_account_not_found', warnings: [] };

async function ask(account: AccountRef, deadline: Deadline, options: ClusterAccountsOptions): Promise<Answer> {
  const { namespace, name } = account;
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`;
  const title = `service account ${namespace}/${name}`;
  const asked = { path, kind: 'ServiceAccount', resource: 'serviceaccounts', namespace, name, title };
  const answer = await readLive(asked, deadline, { ...options, retryAfterSeconds: 1 });
  if (answer.kind === 'fault') return answer;
  if (answer.kind === 'absent') return accountNotFound;
  return parseIdentity(asObject(asObject(answer.object['metadata'])?.['annotations']), options.defaults);
}
