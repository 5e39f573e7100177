// Reads one object from the API server, live: the object, that there is none, or why nobody knows.
import { asObject, asString, type JsonObject } from '../identity/json.ts';
import { KubernetesError } from '../kubernetes/errors.ts';
import { parseApiObject } from '../kubernetes/objects.ts';
import type { ApiResponse, Transport } from '../kubernetes/transport.ts';
import type { Deadline, LookupFault } from './lookup.ts';

/** What reading needs. */
export type LiveReadOptions = {
  readonly api: Pick<Transport, 'get'>;
  /** Milliseconds on the clock of deadlines. */
  readonly now: () => number;
  /** Told with a fault that may pass. */
  readonly retryAfterSeconds?: number;
};

/** Which object is meant. */
export type AskedObject = {
  readonly path: string;
  readonly kind: string;
  /** As a Status names it, such as `serviceaccounts`. */
  readonly resource: string;
  /** Undefined where the kind has none. */
  readonly namespace: string | undefined;
  readonly name: string;
  /** For messages, such as `service account shop/cart`. */
  readonly title: string;
};

/** What the API server says; `absent` only where it says so of just this object. */
export type LiveAnswer =
  { readonly kind: 'object'; readonly object: JsonObject } | { readonly kind: 'absent' } | LookupFault;

/** A name that the API server takes for an object of the kinds read here (RFC 1123 subdomain). */
const objectName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Returns whether there may be an object of this name; any other name would only lead the path of a request astray. */
export function isObjectName(name: string): boolean {
  return objectName.test(name);
}

/**
 * Asks without a resourceVersion, so that the answer is as new as the question. A 404 for the object is an answer;
 * everything else that is not the object is our fault. Never rejects, and is kept by the deadline.
 */
export async function readLive(
  asked: AskedObject,
  deadline: Deadline,
  { api, now, retryAfterSeconds }: LiveReadOptions,
): Promise<LiveAnswer> {
  const advice = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  const timeoutMs = Math.max(0, Math.ceil(deadline.atMs - now()));
  try {
    const response = await api.get(asked.path, { timeoutMs, signal: deadline.callerGone() });
    return (
      readResponse(response, asked) ??
      fault('lookup_failed', asked, describeResponse(response), mayPass(response) ? advice : {})
    );
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const code = error instanceof KubernetesError ? error.code : undefined;
    // What went wrong on the way names addresses that are nothing to whoever creates a pod.
    return code === 'ERR_KUBERNETES_TIMEOUT'
      ? fault('lookup_timeout', asked, 'the API server did not answer in time', { detail })
      : fault('lookup_failed', asked, 'the API server could not be asked', {
          detail,
          ...(code === 'ERR_KUBERNETES_CONNECTION' && advice),
        });
  }
}

/** An overload, or a fault of the API server's own, passes; what it will not let us do, it will not in a second. */
function mayPass({ status }: ApiResponse): boolean {
  return status === 429 || status >= 500;
}

/** Whatever stands between may answer in the API server's place, or with what somebody else asked for. */
function readResponse({ status, body }: ApiResponse, asked: AskedObject): LiveAnswer | undefined {
  const object = parseApiObject(body);
  if (status === 200 && object?.['kind'] === asked.kind) {
    const metadata = asObject(object['metadata']);
    const isAsked = metadata?.['namespace'] === asked.namespace && metadata?.['name'] === asked.name;
    return isAsked ? { kind: 'object', object } : undefined;
  }
  return status === 404 && isNotFound(object, asked) ? { kind: 'absent' } : undefined;
}

/** Returns whether a Status says that just this object is not there. */
function isNotFound(object: JsonObject | undefined, { resource, name }: AskedObject): boolean {
  const details = asObject(object?.['details']);
  return (
    object?.['kind'] === 'Status' &&
    object['reason'] === 'NotFound' &&
    details?.['kind'] === resource &&
    details['name'] === name
  );
}

function fault(
  reason: LookupFault['reason'],
  asked: AskedObject,
  message: string,
  more: Pick<LookupFault, 'detail' | 'retryAfterSeconds'>,
): LookupFault {
  return { kind: 'fault', reason, message: `cannot read ${asked.title}: ${message}`, ...more };
}

/** Longest text of the API server's that is passed on; whatever stands between may answer in its place. */
const maxMessageLength = 256;

/** Returns what came instead of an object, in one sentence. */
function describeResponse({ status, body }: ApiResponse): string {
  const message = asString(parseApiObject(body)?.['message']) ?? 'nothing that could be read';
  return `the API server answered ${String(status)}: ${message.slice(0, maxMessageLength)}`;
}
