// Ends a piece of work on time, or when its caller wants no more of it.

import { KubernetesError } from './errors.ts';

/** What ends the work early. */
export type Limits = {
  /** The whole work, waiting included. */
  readonly timeoutMs: number;
  /** Any of them ends the work at once; one that is already aborted lets it not even start. */
  readonly signals: readonly AbortSignal[];
  /** The message's words for what was expected, such as `an answer from https://10.0.0.1/api`. */
  readonly expected: string;
};

/**
 * Returns what `work` returns, or rejects with ERR_KUBERNETES_TIMEOUT or ERR_KUBERNETES_ABORTED the moment a limit is
 * met: it does not wait for the work to notice. The signal given to the work is aborted whenever the work did not
 * succeed, so that nothing of it stays behind; what it rejects with after that is dropped.
 */
export async function withDeadline<Result>(
  { timeoutMs, signals, expected }: Limits,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const { promise: ended, reject: end } = Promise.withResolvers<never>();
  const aborted = () => new KubernetesError('ERR_KUBERNETES_ABORTED', `Expected ${expected}, but the call was aborted`);
  const onAbort = () => end(aborted());
  const onTimeout = () =>
    end(new KubernetesError('ERR_KUBERNETES_TIMEOUT', `Expected ${expected} within ${timeoutMs} ms, got none`));

  if (signals.some((signal) => signal.aborted)) throw aborted();
  const timer = setTimeout(onTimeout, timeoutMs);
  for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([ended, work(controller.signal)]);
  } catch (error) {
    controller.abort(error);
    throw error;
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener('abort', onAbort);
  }
}
