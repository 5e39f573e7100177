// Tells those who work on a call that its caller has gone.
import type { ServerResponse } from 'node:http';
import type { DecideReview } from '../admission/decision.ts';

type CallerGone = ReturnType<Parameters<DecideReview>[1]['callerGone']>;

/** Returns the signal of a call; an AbortController would cost more than all else that is kept of one. */
export function callerGoneOf(response: ServerResponse): CallerGone {
  const { signal, tell } = createSignal(response.destroyed && !response.writableFinished);
  response.on('close', () => {
    if (!response.writableFinished) tell();
  });
  return signal;
}

/** Knows nothing of the response: a signal that outlives two small collections would keep the call until the next full one. */
function createSignal(isGoneAlready: boolean): { readonly signal: CallerGone; readonly tell: () => void } {
  let isGone = isGoneAlready;
  const listeners: (() => void)[] = [];
  const signal: CallerGone = {
    get aborted() {
      return isGone;
    },
    addEventListener(_, listener) {
      listeners.push(listener);
    },
    removeEventListener(_, listener) {
      const position = listeners.indexOf(listener);
      if (position !== -1) listeners.splice(position, 1);
    },
  };
  const tell = (): void => {
    isGone = true;
    // A listener may take away others that are yet to come.
    for (let next = listeners.shift(); next !== undefined; next = listeners.shift()) next();
  };
  return { signal, tell };
}
