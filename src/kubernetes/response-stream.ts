// Hands on the body of an answer while it comes.

import type { IncomingMessage } from 'node:http';
import type { EndSignal } from './end-signal.ts';
import { KubernetesError } from './errors.ts';
import { toKubernetesError } from './socket-errors.ts';

/** Ends a response the moment a signal is aborted, also while nobody reads it; its reader gets ERR_KUBERNETES_ABORTED. */
export function endOnAbort(response: IncomingMessage, signals: readonly EndSignal[], url: string): void {
  const onAbort = () =>
    response.destroy(
      new KubernetesError('ERR_KUBERNETES_ABORTED', `Expected a stream from ${url}, but the call was aborted`),
    );
  for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
  response.on('close', () => {
    for (const signal of signals) signal.removeEventListener('abort', onAbort);
  });
}

/** Yields a body as UTF-8 text, in pieces that never end inside a character; throws only a KubernetesError. */
export async function* readChunks(response: IncomingMessage, url: string): AsyncGenerator<string> {
  response.setEncoding('utf8');
  try {
    for await (const chunk of response as AsyncIterable<string>) yield chunk;
  } catch (error) {
    throw toKubernetesError(error, url);
  }
}
