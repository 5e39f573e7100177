// Advises to try again only as long as that has a chance.
import { whenAnswered } from './answered.ts';
import type { Answer, Lookup } from './lookup.ts';

/** How long faults may last and still count as passing. */
const maxPassingMs = 10_000;

/** Without a question for so long, nobody knows whether a fault has lasted. */
const maxSilenceMs = 60_000;

/**
 * Returns the lookup without `retryAfterSeconds` in its faults once there has been nothing else for ten seconds. The API
 * server holds a create while it tries again, to the end of the webhook's timeout: a fault that lasts would make each
 * one as slow as that allows, and fail it all the same.
 */
export function withRetryAdvice(lookup: Lookup, now: () => number): Lookup {
  let failingSinceMs: number | undefined;
  let lastFaultMs = Number.NEGATIVE_INFINITY;
  const judge = (answer: Answer): Answer => {
    if (answer.kind !== 'fault') {
      failingSinceMs = undefined;
      return answer;
    }
    const nowMs = now();
    // Two faults with a long silence between them are two, not one that lasts.
    if (failingSinceMs === undefined || nowMs - lastFaultMs > maxSilenceMs) failingSinceMs = nowMs;
    lastFaultMs = nowMs;
    if (answer.retryAfterSeconds === undefined || nowMs - failingSinceMs <= maxPassingMs) return answer;
    const { retryAfterSeconds: _dropped, ...lasting } = answer;
    return lasting;
  };
  return (account, deadline) => whenAnswered(lookup(account, deadline), judge);
}
