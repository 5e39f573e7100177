// Accounts from the API server: one live read for each question, so that no answer is ever stale.
import type { AccountRef } from '../identity/account-ref.ts';
import { type IdentityDefaults, parseIdentity } from '../identity/identity.ts';
import { asObject } from '../identity/json.ts';
import { isObjectName, type LiveReadOptions, readLive } from './live-read.ts';
import type { Answer, Deadline, Lookup } from './lookup.ts';

/** What a cluster source needs. */
export type ClusterAccountsOptions = LiveReadOptions & { readonly defaults: IdentityDefaults };

/** Returns a lookup that asks the API server each time, as {@link readLive} does. */
export function createClusterLookup(options: ClusterAccountsOptions): Lookup {
  return (account, deadline) =>
    isObjectName(account.namespace) && isObjectName(account.name) ? ask(account, deadline, options) : notFound;
}

const notFound: Answer = { kind: 'none', reason: 'service_account_not_found', warnings: [] };

async function ask(account: AccountRef, deadline: Deadline, options: ClusterAccountsOptions): Promise<Answer> {
  const { namespace, name } = account;
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`;
  const title = `service account ${namespace}/${name}`;
  const asked = { path, kind: 'ServiceAccount', resource: 'serviceaccounts', namespace, name, title };
  const answer = await readLive(asked, deadline, options);
  if (answer.kind === 'fault') return answer;
  if (answer.kind === 'absent') return notFound;
  return parseIdentity(asObject(asObject(answer.object['metadata'])?.['annotations']), options.defaults);
}
