// Accounts from the API server: one live read for each question, so that no answer is ever stale.
import { type IdentityDefaults, parseIdentity } from '../identity/identity.ts';
import { asObject, asString } from '../identity/json.ts';
import { KubernetesError } from '../kubernetes/errors.ts';
import type { ApiResponse, Transport } from '../kubernetes/transport.ts';
import type { AccountRef, Answer, Deadline, Lookup } from './lookup.ts';

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
    return readResponse(response, options.defaults) ?? fault('lookup_failed', account, describeResponse(response));
  } catch (error) {
    const late = error instanceof KubernetesError && error.code === 'ERR_KUBERNETES_TIMEOUT';
    return fault(
      late ? 'lookup_timeout' : 'lookup_failed',
      account,
      error instanceof Error ? error.message : String(error),
    );
  }
}

function readResponse({ status, body }: ApiResponse, defaults: IdentityDefaults): Answer | undefined {
  const object = parseObject(body);
  if (status === 200 && object?.['kind'] === 'ServiceAccount') {
    return parseIdentity(asObject(asObject(object['metadata'])?.['annotations']), defaults);
  }
  // Any proxy on the way can say 404; only the API server says it of this account.
  return status === 404 && object?.['kind'] === 'Status' && object['reason'] === 'NotFound' ? notFound : undefined;
}

function fault(reason: 'lookup_failed' | 'lookup_timeout', account: AccountRef, message: string): Answer {
  const subject = `${account.namespace}/${account.name}`;
  return { kind: 'fault', reason, message: `cannot read service account ${subject}: ${message}` };
}

/** Longest text of the API server's that is passed on; whatever stands between may answer in its place. */
const maxMessageLength = 256;

/** Returns what came instead of an account, in one sentence. */
export function describeResponse({ status, body }: ApiResponse): string {
  const message = asString(parseObject(body)?.['message']) ?? 'nothing that could be read';
  return `the API server answered ${String(status)}: ${message.slice(0, maxMessageLength)}`;
}

function parseObject(body: string): ReturnType<typeof asObject> {
  try {
    return asObject(JSON.parse(body));
  } catch {
    return undefined;
  }
}
