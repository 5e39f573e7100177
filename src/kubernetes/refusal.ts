// Reads why the API server did not serve a list or a watch.

import { type ApiObject, isApiObject, parseApiObject } from './objects.ts';
import type { ApiResponse } from './transport.ts';

/** Longest text of the API server's that is passed on; whatever stands between may answer in its place. */
const maxMessageLength = 256;

/** A proxy may name an hour; a cache that is blind for longer than this costs more than the call. */
const maxRetryAfterMs = 120_000;

/** Why a call was not served. */
export type Refusal = {
  /** The HTTP status, or the Status object's own code in an ERROR event; 0 where none is told. */
  readonly code: number;
  /** The resourceVersion or the continue token is too old: only a new list helps. */
  readonly isExpired: boolean;
  /** One clause for a log. */
  readonly message: string;
  /** How long the server wants to be left alone, at most two minutes; 0 where it does not say. */
  readonly retryAfterMs: number;
};

/** Returns the refusal that an answer is. Only a Retry-After in seconds counts: the API server sends no dates. */
export function readRefusal({ status, headers, body }: ApiResponse): Refusal {
  const object = parseApiObject(body) ?? {};
  return refusalOf(status, object, headers['retry-after']);
}

/** Returns the refusal that the Status object of a watch's ERROR event is. */
export function readErrorEvent(object: ApiObject): Refusal {
  const { code, details } = object;
  const seconds = isApiObject(details) ? details['retryAfterSeconds'] : undefined;
  return refusalOf(typeof code === 'number' ? code : 0, object, typeof seconds === 'number' ? String(seconds) : '');
}

function refusalOf(code: number, { reason, message }: ApiObject, retryAfter: string | undefined): Refusal {
  const text = typeof message === 'string' ? message.slice(0, maxMessageLength) : 'no message that could be read';
  const seconds = /^\d+$/.test(retryAfter ?? '') ? Number(retryAfter) : 0;
  return {
    code,
    // client-go, isExpiredError (reflector.go): servers before 1.17 say Gone where later ones say Expired.
    isExpired: code === 410 || reason === 'Expired' || reason === 'Gone',
    message: `${code}: ${text}`,
    retryAfterMs: Math.min(seconds * 1_000, maxRetryAfterMs),
  };
}
