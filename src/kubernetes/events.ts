// Writes Events: what `kubectl describe` and `kubectl get events` show of an object to those who look after it.

import { KubernetesError } from './errors.ts';
import { parseApiObject } from './objects.ts';
import { readRefusal } from './refusal.ts';
import type { ApiResponse, Transport } from './transport.ts';

/** The API server's limit (k8s.io/kubernetes/pkg/apis/core/validation/events.go, NoteLengthLimit), in bytes. */
const maxMessageBytes = 1024;

/** An event is worth no more; nobody waits for it. */
const timeoutMs = 10_000;

/** The object that an event is about. */
export type EventSubject = {
  readonly apiVersion: string;
  readonly kind: string;
  /** The event is written into the same one. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
};

/** What is said of it. */
export type EventText = {
  readonly type: 'Normal' | 'Warning';
  /** In CamelCase, for programs. */
  readonly reason: string;
  /** For people; cut to 1 KiB. */
  readonly message: string;
};

/** Writes one event; returns why it was not written, in one line, or undefined. Never rejects. */
export type WriteEvent = (subject: EventSubject, text: EventText) => Promise<string | undefined>;

/** What a writer needs. */
export type EventWriterOptions = {
  readonly api: Pick<Transport, 'post'>;
  /** Who tells: the name of the program. */
  readonly component: string;
  /** Which replica tells; may be empty. */
  readonly instance: string;
  readonly now: () => Date;
  /** Returns another name each time, such as a UUID. */
  readonly unique: () => string;
};

/**
 * Returns a writer of Events of the core API, in the form of client-go's recorder (tools/record/event.go, makeEvent): the
 * one that every version of kubectl shows with its age, and that needs no rights but `create` on `events`.
 */
export function createEventWriter(options: EventWriterOptions): WriteEvent {
  return async (subject, text) => {
    const path = `/api/v1/namespaces/${encodeURIComponent(subject.namespace)}/events`;
    const event = createEvent(subject, text, options);
    try {
      const response = await postTwice(() => options.api.post(path, event, { timeoutMs }));
      return response.status === 201 || isThere(response) ? undefined : readRefusal(response).message;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
}

/** An idle connection that was closed in the meantime shows only now; the event has a name, so that twice is once. */
async function postTwice(post: () => Promise<ApiResponse>): Promise<ApiResponse> {
  try {
    return await post();
  } catch (error) {
    if (error instanceof KubernetesError && error.code === 'ERR_KUBERNETES_CONNECTION') return post();
    throw error;
  }
}

/** Nobody else makes an event of that name: it was the first of two tries. */
function isThere({ status, body }: ApiResponse): boolean {
  return status === 409 && parseApiObject(body)?.['reason'] === 'AlreadyExists';
}

function createEvent(subject: EventSubject, { type, reason, message }: EventText, options: EventWriterOptions): object {
  const { component, instance, now, unique } = options;
  const time = now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z');
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${component}.${unique()}`, namespace: subject.namespace },
    involvedObject: subject,
    type,
    reason,
    message: cutToBytes(message, maxMessageBytes),
    source: { component },
    reportingComponent: component,
    reportingInstance: instance,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}

/** Returns the text, cut between two characters where it is longer in UTF-8. */
function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const ellipsis = '...';
  let end = maxBytes - ellipsis.length;
  // Not in front of a byte that continues a character.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString() + ellipsis;
}
