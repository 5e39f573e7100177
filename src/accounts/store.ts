// Holds what every service account of a cluster promises, in as few bytes as that takes.
import { isDeepStrictEqual } from 'node:util';
import type { AccountRef } from '../identity/account-ref.ts';
import { asObject, type JsonObject } from '../identity/json.ts';
import type { Generation, Project, ReflectorStore } from '../kubernetes/reflection.ts';
import type { AccountPromise } from './manifest.ts';

/** How many accounts there are. */
export type AccountCounts = {
  /** With a role. */
  readonly role: number;
  /** Without one. */
  readonly bare: number;
};

/** The accounts of a cluster, as of the last list or event. */
export type AccountStore = {
  /** Returns what an account promised when it was last heard of, or undefined where there is none. */
  readonly find: (account: AccountRef) => AccountPromise | undefined;
  /** Whether all accounts were there at least once. */
  readonly isComplete: () => boolean;
  readonly counts: () => AccountCounts;
  /** All accounts by `namespace/name`; what comes or goes meanwhile may or may not be among them. */
  readonly entries: () => Iterable<readonly [name: string, promise: AccountPromise]>;
  /** For the reflector alone. */
  readonly project: Project<AccountPromise>;
  /** For the reflector alone: what is read live never comes here. */
  readonly reflection: ReflectorStore<AccountPromise>;
};

/** Parses the annotations of an account. */
export type ParseAnnotations = (annotations: JsonObject | undefined) => AccountPromise;

/**
 * Returns an empty store. Annotations are parsed once, as an account comes in; nothing else of it is kept. All accounts
 * that promise just what one without annotations does share that one promise: such an account costs its key. What the
 * annotations with `annotationPrefix` say is shared as far as it is equal.
 */
export function createAccountStore(parse: ParseAnnotations, annotationPrefix: string): AccountStore {
  const usualBare = parse(undefined);
  const share = createTextPool();
  const ours = `${annotationPrefix}/`;
  let accounts = createAccountMap();
  let isComplete = false;

  return {
    find: ({ namespace, name }) => accounts.get(namespace, name),
    isComplete: () => isComplete,
    counts: () => accounts.counts(),
    entries: () => accounts.entries(),
    project: (object) => {
      const annotations = asObject(asObject(object['metadata'])?.['annotations']);
      if (annotations === undefined) return usualBare;
      const promise = parse(withSharedTexts(annotations, ours, share));
      return isDeepStrictEqual(promise, usualBare) ? usualBare : promise;
    },
    reflection: {
      begin: (): Generation<AccountPromise> => {
        const next = createAccountMap();
        return {
          add: ({ namespace, name }, promise) => {
            next.set(namespace, name, promise);
          },
          commit: () => {
            accounts = next;
            isComplete = true;
          },
        };
      },
      set: ({ namespace, name }, promise) => {
        accounts.set(namespace, name, promise);
      },
      delete: ({ namespace, name }) => {
        accounts.delete(namespace, name);
      },
    },
  };
}

type AccountMap = {
  readonly get: (namespace: string, name: string) => AccountPromise | undefined;
  readonly set: (namespace: string, name: string, promise: AccountPromise) => void;
  readonly delete: (namespace: string, name: string) => void;
  readonly counts: () => AccountCounts;
  readonly entries: () => Iterable<readonly [name: string, promise: AccountPromise]>;
};

/** In two levels, so that a namespace is kept once, and neither a question nor an event makes a key of two texts. */
function createAccountMap(): AccountMap {
  const namespaces = new Map<string, Map<string, AccountPromise>>();
  let role = 0;
  let bare = 0;
  const count = (promise: AccountPromise | undefined, change: 1 | -1): void => {
    if (promise?.kind === 'identity') role += change;
    else if (promise !== undefined) bare += change;
  };
  return {
    get: (namespace, name) => namespaces.get(namespace)?.get(name),
    set: (namespace, name, promise) => {
      let names = namespaces.get(namespace);
      if (names === undefined) namespaces.set(namespace, (names = new Map<string, AccountPromise>()));
      count(names.get(name), -1);
      count(promise, 1);
      names.set(name, promise);
    },
    delete: (namespace, name) => {
      const names = namespaces.get(namespace);
      if (names === undefined) return;
      count(names.get(name), -1);
      names.delete(name);
      if (names.size === 0) namespaces.delete(namespace);
    },
    counts: () => ({ role, bare }),
    entries: function* entries() {
      for (const [namespace, names] of namespaces) {
        for (const [name, promise] of names) yield [`${namespace}/${name}`, promise];
      }
    },
  };
}

/** Enough for what many accounts have in common; a text that comes once is soon forgotten. */
const maxPooledTexts = 1_024;
/** An ARN has at most 2,048 characters; what is longer is a mistake. */
const maxPooledLength = 2_048;

/** Returns a function that answers equal texts with the same one, as far as it has not forgotten it. */
function createTextPool(): (text: string) => string {
  const pool = new Map<string, string>();
  return (text) => {
    if (text.length > maxPooledLength) return text;
    const known = pool.get(text);
    if (known !== undefined) return known;
    if (pool.size >= maxPooledTexts) pool.clear();
    pool.set(text, text);
    return text;
  };
}

/**
 * Values that are no text are left out: an annotation has none, and nobody reads one. Texts of others, such as kubectl's last
 * applied configuration, are as many as accounts: in the pool they would live until V8 takes them for old, and then longer.
 */
function withSharedTexts(annotations: JsonObject, ours: string, share: (text: string) => string): JsonObject {
  const shared: Record<string, string> = {};
  for (const [key, value] of Object.entries(annotations)) {
    if (typeof value === 'string') shared[key] = key.startsWith(ours) ? share(value) : value;
  }
  return shared;
}
