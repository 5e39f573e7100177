// Accounts from the API server: one live read for each question, so that no answer is ever stale.
import { type IdentityDefaults, parseIdentity } from '../identity/identity.ts';
import { asObject, asString, type JsonObject } from '../identity/json.ts';
import { KubernetesError } from '../kubernetes/errors.ts';
import { parseApiObject } from '../kubernetes/objects.ts';
import type { ApiResponse, Transport } from '../kubernetes/transport.ts';
import type { Answer, Deadline, Lookup, LookupFault } from './lookup.ts';
import type { AccountRef } from '../identity/account-ref.ts';

/** What a cluster source needs. */
export type ClusterAccountsOptions = {
  readonly api: Pick<Transport, 'get'>;
  readonly defaults: IdentityDefaults;
  /** Milliseconds on the clock of deadlines. */
  readonly now: () => number;
};

/** A name that the API server takes for a namespace or a service account (RFC 1123 subdomain). */
const objectName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * Returns a lookup that asks the API server each time, without a resourceVersion, so that the answer is as new as the
 * question. A 404 for the account is an answer; everything else that is not the account is our fault.
 */
export function createClusterLookup(options: ClusterAccountsOptions): Lookup {
  return (account, deadline) => {
    // A name that no account can have would only lead the path of the request astray.
    if (!objectName.test(account.namespace) || !objectName.test(account.name)) return notFound;
    return ask(account, deadline, options);
  };
}

const notFound: Answer = { kind: 'none', reason: 'service_account_not_found', warnings: [] };

async function ask(account: AccountRef, deadline: Deadline, options: ClusterAccountsOptions): Promise<Answer> {
  const path = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}`;
  const timeoutMs = Math.max(0, Math.ceil(deadline.atMs - options.now()));
  try {
    const response = await options.api.get(path, { timeoutMs, signal: deadline.callerGone() });
    return (
      readResponse(response, account, options.defaults) ?? fault('lookup_failed', account, describeResponse(response))
    );
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const late = error instanceof KubernetesError && error.code === 'ERR_KUBERNETES_TIMEOUT';
    // What went wrong on the way names addresses that are nothing to whoever creates a pod.
    return late
      ? fault('lookup_timeout', account, 'the API server did not answer in time', detail)
      : fault('lookup_failed', account, 'the API server could not be asked', detail);
  }
}

/** Whatever stands between may answer in the API server's place, or with what somebody else asked for. */
function readResponse(
  { status, body }: ApiResponse,
  account: AccountRef,
  defaults: IdentityDefaults,
): Answer | undefined {
  const object = parseApiObject(body);
  if (status === 200 && object?.['kind'] === 'ServiceAccount') {
    const metadata = asObject(object['metadata']);
    const isAsked = metadata?.['namespace'] === account.namespace && metadata['name'] === account.name;
    return isAsked ? parseIdentity(asObject(metadata['annotations']), defaults) : undefined;
  }
  return status === 404 && isNotFound(object, account) ? notFound : undefined;
}

/** Returns whether a Status says that just this account is not there. */
function isNotFound(object: JsonObject | undefined, account: AccountRef): boolean {
  const details = asObject(object?.['details']);
  return (
    object?.['kind'] === 'Status' &&
    object['reason'] === 'NotFound' &&
    details?.['kind'] === 'serviceaccounts' &&
    details['name'] === account.name
  );
}

function fault(reason: LookupFault['reason'], account: AccountRef, message: string, detail?: string): LookupFault {
  const subject = `${account.namespace}/${account.name}`;
  return {
    kind: 'fault',
    reason,
    message: `cannot read service account ${subject}: ${message}`,
    ...(detail !== undefined && { detail }),
  };
}

/** Longest text of the API server's that is passed on; whatever stands between may answer in its place. */
const maxMessageLength = 256;

/** Returns what came instead of an account, in one sentence. */
export function describeResponse({ status, body }: ApiResponse): string {
  const message = asString(parseApiObject(body)?.['message']) ?? 'nothing that could be read';
  return `the API server answered ${String(status)}: ${message.slice(0, maxMessageLength)}`;
}
