// Advises to try again only as long as that has a chance.
import { accountKey } from '../identity/account-ref.ts';
import { whenAnswered } from './answered.ts';
import type { Answer, Lookup } from './lookup.ts';

/** How long faults may last and still count as passing. */
const maxPassingMs = 10_000;

/** Without a question for so long, nobody knows whether a fault of all accounts has lasted. */
const maxSilenceMs = 60_000;
/** The same of one account, while others are read: a create that is tried again asks once a second. */
const maxOwnSilenceMs = 10_000;

/** Accounts whose faults are remembered; of more, those that failed longest ago are forgotten. */
const maxFailing = 1_024;

/** Faults with nothing else between them. */
type Streak = { readonly sinceMs: number; readonly lastMs: number };

/**
 * Returns the lookup without `retryAfterSeconds` in its faults once there has been nothing else for ten seconds, of any
 * account or of this one. The API server holds a create while it tries again, to the end of the webhook's timeout: a fault
 * that lasts would make each one as slow as that allows, and fail it all the same.
 */
export function withRetryAdvice(lookup: Lookup, now: () => number): Lookup {
  /** Of all accounts together. */
  let all: Streak | undefined;
  /** By account; who failed last is last. */
  const each = new Map<string, Streak>();
  const judge = (key: string, answer: Answer): Answer => {
    if (answer.kind !== 'fault') {
      all = undefined;
      each.delete(key);
      return answer;
    }
    const nowMs = now();
    all = extend(all, nowMs, maxSilenceMs);
    const own = extend(each.get(key), nowMs, maxOwnSilenceMs);
    each.delete(key);
    each.set(key, own);
    if (each.size > maxFailing) each.delete(each.keys().next().value ?? '');
    const isPassing = nowMs - Math.min(all.sinceMs, own.sinceMs) <= maxPassingMs;
    if (answer.retryAfterSeconds === undefined || isPassing) return answer;
    const { retryAfterSeconds: _dropped, ...lasting } = answer;
    return lasting;
  };
  return (account, deadline) => whenAnswered(lookup(account, deadline), (answer) => judge(accountKey(account), answer));
}

/** Two faults with a long silence between them are two, not one that lasts. */
function extend(streak: Streak | undefined, nowMs: number, silenceMs: number): Streak {
  const isNew = streak === undefined || nowMs - streak.lastMs > silenceMs;
  return { sinceMs: isNew ? nowMs : streak.sinceMs, lastMs: nowMs };
}
