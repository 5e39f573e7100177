// Follows the service accounts of the cluster, and tells the log and the metrics how that goes.
import { createCachedLookup, type LiveLookupResult, type LiveLookups } from '../accounts/cached-lookup.ts';
import type { Lookup } from '../accounts/lookup.ts';
import type { AccountPromise } from '../accounts/manifest.ts';
import { withRetryAdvice } from '../accounts/retry-advice.ts';
import { shareReads } from '../accounts/shared-reads.ts';
import { type AccountStore, createAccountStore, type ParseAnnotations } from '../accounts/store.ts';
import type { ReflectorStore, RelistReason } from '../kubernetes/reflection.ts';
import { createReflector, type ReflectorOptions } from '../kubernetes/reflector.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';

/** What following the accounts needs, and where to tell of it. */
export type FollowAccountsOptions = Pick<ReflectorOptions<AccountPromise>, 'api' | 'now' | 'wait'> & {
  readonly parse: ParseAnnotations;
  /** Of the annotations that it reads. */
  readonly annotationPrefix: string;
  /** Reads one account live. */
  readonly read: Lookup;
  readonly mode: LiveLookups;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'addAccounts'>;
  /** Told when a list of all accounts begins, and once more where it has to start over, and when it is complete. */
  readonly onListing: (isListing: boolean) => void;
};

/** Accounts that are followed. */
export type FollowedAccounts = {
  readonly lookup: Lookup;
  /** All that are known, by `namespace/name`. */
  readonly entries: AccountStore['entries'];
  /** Returns why they have not been listed yet, or undefined: from the first complete list on, whatever comes. */
  readonly notReady: () => string | undefined;
  readonly stop: () => Promise<void>;
};

/** Every one is named here, or the compiler asks for it. */
const relistReasons: Readonly<Record<RelistReason, true>> = {
  continue_expired: true,
  continue_refused: true,
  list_endless: true,
  store_failed: true,
  version_went_back: true,
  watch_expired: true,
};
const lookupResults: Readonly<Record<LiveLookupResult, true>> = {
  role: true,
  bare: true,
  not_found: true,
  failed: true,
  timeout: true,
  unverified: true,
};

/** Starts to follow the accounts of all namespaces. */
export function followAccounts(options: FollowAccountsOptions): FollowedAccounts {
  const { api, now, wait, parse, read, mode, log } = options;
  const store = createAccountStore(parse, options.annotationPrefix);
  let notReady: string | undefined = 'service accounts have not been read yet';
  let isWatchConnected = false;
  let signOfLifeMs = now();
  const metrics = options.metrics.addAccounts({
    relistReasons: Object.keys(relistReasons),
    lookupResults: Object.keys(lookupResults),
    state: () => ({ isWatchConnected, msSinceSignOfLife: now() - signOfLifeMs, accounts: store.counts() }),
  });

  const reflector = createReflector({
    api,
    now,
    wait,
    random: Math.random,
    path: '/api/v1/serviceaccounts',
    project: store.project,
    store: tellLists(store.reflection, (isListing) => {
      if (!isListing) signOfLifeMs = now();
      options.onListing(isListing);
    }),
    observer: {
      onSynced: () => {
        notReady = undefined;
        log.info({ ...store.counts() }, 'service accounts listed; ready');
      },
      onEvent: () => {
        signOfLifeMs = now();
      },
      onRelist: (reason) => {
        metrics.countRelist(reason);
        log.warn({ reason }, 'service accounts are listed again');
      },
      onError: (error) => {
        if (!store.isComplete()) notReady = `service accounts cannot be read: ${error}`;
        log.warn({ error }, 'following service accounts met a fault');
      },
      onConnected: (isConnected) => {
        isWatchConnected = isConnected;
      },
    },
  });

  const live = shareReads({ read: withRetryAdvice(read, now), now, onRead: metrics.countLiveRead });
  return {
    lookup: createCachedLookup({ store, live, mode, now, onLiveLookup: metrics.countLiveLookup }),
    entries: store.entries,
    notReady: () => notReady,
    stop: async () => reflector.stop(),
  };
}

/** Of lists after the first, the reflector tells neither their beginning in the store nor their end. */
function tellLists<Entry>(
  reflection: ReflectorStore<Entry>,
  onListing: (isListing: boolean) => void,
): ReflectorStore<Entry> {
  return {
    ...reflection,
    begin: () => {
      onListing(true);
      const generation = reflection.begin();
      const commit = (): void => {
        generation.commit();
        onListing(false);
      };
      return { ...generation, commit };
    },
  };
}
