// Refusals, in the form whose message the API server passes on to the person who created the pod.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Why a call got no answer: the HTTP status, the reason in the API's own words, a stable code and one sentence. */
export type Refusal = {
  readonly statusCode: 400 | 403 | 404 | 405 | 408 | 413 | 415 | 500 | 503;
  readonly code: string;
  readonly message: string;
};

/** The API's reason for each status (k8s.io/apimachinery/pkg/apis/meta/v1, StatusReason). */
const reasons: Readonly<Record<Refusal['statusCode'], string>> = {
  400: 'BadRequest',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  408: 'Timeout',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

/** Milliseconds that a caller whose body is not wanted may go on sending, so that it reads the refusal and not a reset. */
const lingerMs = 1000;

/** Returns the refusal of a method that a path does not answer; those that it does go into the header Allow. */
export function refuseMethod(response: ServerResponse, path: string, methods: readonly string[]): Refusal {
  response.setHeader('Allow', methods.join(', '));
  return {
    statusCode: 405,
    code: 'ERR_METHOD_NOT_ALLOWED',
    message: `${path} answers ${methods.join(' and ')} only`,
  };
}

/** Answers with a `v1` Status object; client-go, and so the API server, shows its message instead of a guess. */
export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  sendJson(response, refusal.statusCode, statusObject(refusal));
}

/**
 * Answers as {@link sendRefusal} does and closes the connection. Ending the answer ends the connection too, and what
 * the caller still sends would be met by a reset that can outrun the answer. So the answer, whole by its length, is
 * sent at once, and ended when the caller is done or out of time.
 */
export function sendLastRefusal(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  response.setHeader('Connection', 'close');
  const body = statusObject(refusal);
  writeJsonHead(response, refusal.statusCode, body);
  response.write(body);
  const end = (): void => {
    clearTimeout(linger);
    response.end();
  };
  const linger = setTimeout(end, lingerMs);
  request.once('end', end).once('close', end).resume();
}

/** Answers with a body of JSON. */
export function sendJson(response: ServerResponse, statusCode: number, body: string): void {
  const bytes = writeJsonHead(response, statusCode, body);
  // A text of ASCII is the same bytes in both, and Node writes Latin-1 in half the time.
  response.end(body, bytes === body.length ? 'latin1' : 'utf8');
}

/** Returns the bytes of the body. */
function writeJsonHead(response: ServerResponse, statusCode: number, body: string): number {
  const bytes = Buffer.byteLength(body);
  response.writeHead(statusCode, ['Content-Type', 'application/json', 'Content-Length', String(bytes)]);
  return bytes;
}

function statusObject({ statusCode, code, message }: Refusal): string {
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: reasons[statusCode],
    details: { causes: [{ reason: code, message }] },
    code: statusCode,
  });
}
