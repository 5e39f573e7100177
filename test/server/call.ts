// Calls a server of a test and reads its whole answer.
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';

export type CallTarget = { readonly port: number; readonly ca?: string };

export type CallParts = {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Keeps connections; without it each call has one of its own. */
  readonly agent?: http.Agent;
  readonly signal?: AbortSignal;
};

export type CallAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };

/** Sends one call, over TLS where there is an authority to verify the server by. */
export async function call({ port, ca }: CallTarget, path: string, parts: CallParts = {}): Promise<CallAnswer> {
  const { method = 'GET', body, headers, agent, signal } = parts;
  const options = {
    host: '127.0.0.1',
    port,
    path,
    method,
    agent: agent ?? false,
    headers: { ...headers, ...(body !== undefined && { 'Content-Length': String(Buffer.byteLength(body)) }) },
    ...(signal !== undefined && { signal }),
  } as const;
  const request = ca === undefined ? http.request(options) : https.request({ ...options, ca, servername: 'localhost' });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject).end(body);
  });
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

/** Sends one review of a pod. */
export function callMutate(
  target: CallTarget,
  review: unknown,
  parts: Omit<CallParts, 'method' | 'body'> & { readonly query?: string } = {},
): Promise<CallAnswer> {
  return postReview(target, `/mutate${parts.query ?? ''}`, review, parts);
}

/** Sends one review to a path. */
export function postReview(
  target: CallTarget,
  path: string,
  review: unknown,
  parts: Omit<CallParts, 'method' | 'body'> = {},
): Promise<CallAnswer> {
  return call(target, path, {
    ...parts,
    method: 'POST',
    body: JSON.stringify(review),
    headers: { 'Content-Type': 'application/json', ...parts.headers },
  });
}
