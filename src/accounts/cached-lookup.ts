// Answers from the store of accounts where that is certain to be right, else from a live read.
import type { AccountRef } from '../identity/account-ref.ts';
import { whenAnswered } from './answered.ts';
import { accountNotFound, canExist } from './cluster.ts';
import type { Answer, Lookup } from './lookup.ts';
import { lookupFault } from './lookup-fault.ts';
import type { AccountPromise } from './manifest.ts';
import type { AccountStore } from './store.ts';

/** The values of `--live-lookups`. */
export const liveLookupModes = [
  /** Whatever is no role in the store is read live. */
  'on',
  /** The same, but where the read fails, an account that the store knows has no role. */
  'best-effort',
  /** Roles are read live, too. */
  'always',
  /** Nothing is read live. */
  'off',
] as const;

/** When accounts are read live. */
export type LiveLookups = (typeof liveLookupModes)[number];

/** How a lookup that needed a live read ended. */
export type LiveLookupResult =
  | 'role'
  | 'bare'
  | 'not_found'
  /** The account could not be read. */
  | 'failed'
  /** It could not be read in time. */
  | 'timeout'
  /** It could not be read, and the store answered in its place. */
  | 'unverified';

/** What the lookup consists of. */
export type CachedLookupOptions = {
  readonly store: Pick<AccountStore, 'find' | 'isComplete'>;
  /** Reads an account in a way that starts after the question. */
  readonly live: Lookup;
  readonly mode: LiveLookups;
  readonly now: () => number;
  /** Told of each review that needed a live read, and how long it waited; not of one whose caller has gone meanwhile. */
  readonly onLiveLookup: (result: LiveLookupResult, waitMs: number) => void;
};

/**
 * Returns the lookup. A role of the store counts at once, however old the watch: the account had it, and who changes it
 * has pods with both anyway. No role is different: an account may have got its first one a moment ago, so that only an
 * answer younger than the question counts, and a question that cannot be answered is a fault.
 */
export function createCachedLookup(options: CachedLookupOptions): Lookup {
  const { store, live, mode, now, onLiveLookup } = options;
  return (account, deadline) => {
    const cached = store.find(account);
    if (cached?.kind === 'identity' && mode !== 'always') return cached;
    if (!canExist(account)) return accountNotFound;
    if (mode === 'off') return cached ?? missing(account, store.isComplete());

    const startMs = now();
    return whenAnswered(live(account, deadline), (answer) => {
      const inPlace = answer.kind === 'fault' ? answerInPlace(store.find(account), mode) : undefined;
      // Nobody waited for it to the end.
      if (answer.kind === 'fault' && inPlace === undefined && deadline.callerGone().aborted) return answer;
      onLiveLookup(inPlace === undefined ? resultOf(answer) : 'unverified', now() - startMs);
      return inPlace ?? answer;
    });
  };
}

/** Returns what the store's entry of now is worth where the live read failed. */
function answerInPlace(cached: AccountPromise | undefined, mode: LiveLookups): AccountPromise | undefined {
  if (mode === 'always') return undefined;
  // The watch may have brought a role meanwhile, and that counts as ever.
  return cached?.kind === 'identity' || mode === 'best-effort' ? cached : undefined;
}

/** Before the first list everything is missing, and nothing is known to be. */
function missing(account: AccountRef, isComplete: boolean): Answer {
  if (isComplete) return accountNotFound;
  return lookupFault('lookup_failed', account, 'the accounts have not been listed yet');
}

function resultOf(answer: Answer): LiveLookupResult {
  if (answer.kind === 'fault') return answer.reason === 'lookup_timeout' ? 'timeout' : 'failed';
  if (answer.kind !== 'none') return 'role';
  return answer.reason === 'service_account_not_found' ? 'not_found' : 'bare';
}
