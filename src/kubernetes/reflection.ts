// The words between a reflector, the store that it writes, and those who watch it work.

import type { ApiObject, ObjectName } from './objects.ts';

/** A store under construction. */
export type Generation<Entry> = {
  add(name: ObjectName, entry: Entry): void;
  /** Puts this generation in the place of all that the store holds. */
  commit(): void;
};

/** What a reflector writes; nobody else may, or it is no reflection any more. */
export type ReflectorStore<Entry> = {
  /**
   * Returns an empty generation, of which nobody sees anything before its commit(). A generation is dropped, without
   * a word, where its list has to start again.
   */
  begin(): Generation<Entry>;
  set(name: ObjectName, entry: Entry): void;
  /** Forgets an object, which the store may not know. */
  delete(name: ObjectName): void;
};

/**
 * Returns what a store keeps of an object; nothing of the object itself may be kept. Items of a list have neither kind
 * nor apiVersion. An object that makes it throw is not in the store.
 */
export type Project<Entry> = (object: ApiObject) => Entry;

/** Why everything is listed again. */
export type RelistReason =
  /** A page was no longer to be had: 410 to its continue token. */
  | 'continue_expired'
  /** Another 4xx than 410 or 429 to a continue token. */
  | 'continue_refused'
  /** A page's continue token had been there before, or there was more than any cluster has. */
  | 'list_endless'
  /** The store or an observer threw: a fault of ours. */
  | 'store_failed'
  /** The API server is at an earlier version than the watch was. */
  | 'version_went_back'
  /** The watch could not go on from its resourceVersion: 410, as a status or as an event. */
  | 'watch_expired';

/** Told of what a reflector does, as it does it; none of these may throw. */
export type ReflectorObserver = {
  /** The first list is complete and committed. Called once. */
  onSynced(): void;
  /** The watch has shown that it lives: an object changed, or the API server only said where it stands. */
  onEvent(kind: 'bookmark' | 'change'): void;
  onRelist(reason: RelistReason): void;
  /**
   * One sentence without a secret for each fault, which is survived. A fault that costs a call comes no faster than the
   * backoff; one for each event that is passed over comes as fast as such events do.
   */
  onError(message: string): void;
  /** The watch was opened, or is over. A new one usually follows within a second. */
  onConnected(isConnected: boolean): void;
};
