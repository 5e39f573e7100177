/** Polls a condition, so that no test needs to guess how long something takes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError } from './errors.ts';

const firstIntervalMs = 20;
/** Late enough to leave the processor to what is waited for, early enough not to be felt. */
const longestIntervalMs = 200;

/**
 * Returns the first value of `probe` that is not undefined. A probe that throws has not succeeded yet; what it threw last
 * is the `cause` of the ClusterError (ERR_CLUSTER_TIMEOUT) that ends the wait after `timeoutMs`.
 */
export async function waitFor<T>(
  description: string,
  probe: () => Promise<T | undefined> | T | undefined,
  timeoutMs: number,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  let intervalMs = firstIntervalMs;
  let cause: unknown;
  do {
    try {
      const value = await probe();
      if (value !== undefined) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(intervalMs);
    intervalMs = Math.min(intervalMs * 2, longestIntervalMs);
  } while (performance.now() < deadlineMs);
  const last = cause instanceof Error ? `; the last try ended with: ${cause.message}` : '';
  throw new ClusterError('ERR_CLUSTER_TIMEOUT', `Expected ${description} within ${timeoutMs} ms${last}`, { cause });
}
