// Ends a piece of work on time, or when its caller wants no more of it.

import type { EndSignal } from './end-signal.ts';
import { KubernetesError } from './errors.ts';

/** What ends the work early. */
export type Limits = {
  /** The whole work, waiting included. */
  readonly timeoutMs: number;
  /** Any of them ends the work at once; one that is already aborted lets it not even start. */
  readonly signals: readonly EndSignal[];
  /** Returns the message's words for what was expected, such as `an answer from https://10.0.0.1/api`. */
  readonly expected: () => string;
};

/** Tells a piece of work that it is to end. */
export type Ending = {
  /** What the caller has got; undefined while it waits. */
  over: KubernetesError | undefined;
  /** What is under way, to be ended; each step puts its own in the place of the one before. */
  step: { destroy(): unknown } | undefined;
};

/**
 * Returns what `work` returns, or rejects with ERR_KUBERNETES_TIMEOUT or ERR_KUBERNETES_ABORTED the moment a limit is
 * met: it does not wait for the work to notice. The step that is under way is ended whenever the work did not succeed, so
 * that nothing of it stays behind; what it rejects with after that is dropped.
 */
export function withDeadline<Result>(
  { timeoutMs, signals, expected }: Limits,
  work: (ending: Ending) => Promise<Result>,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const ending: Ending = { over: undefined, step: undefined };
  const tidy = (): void => {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener('abort', onAbort);
  };
  const succeed = (result: Result): void => {
    tidy();
    resolve(result);
  };
  const fail = (error: unknown): void => {
    tidy();
    reject(error);
    ending.step?.destroy();
  };
  const end = (limit: KubernetesError): void => {
    ending.over = limit;
    fail(limit);
  };
  const onAbort = (): void => {
    end(new KubernetesError('ERR_KUBERNETES_ABORTED', `Expected ${expected()}, but the call was aborted`));
  };
  const onTimeout = (): void => {
    end(new KubernetesError('ERR_KUBERNETES_TIMEOUT', `Expected ${expected()} within ${timeoutMs} ms, got none`));
  };

  const timer = setTimeout(onTimeout, timeoutMs);
  if (signals.some((signal) => signal.aborted)) {
    onAbort();
    return promise;
  }
  for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
  try {
    work(ending).then(succeed, fail);
  } catch (error) {
    fail(error);
  }
  return promise;
}
