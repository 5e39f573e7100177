// A key of the role map: which service accounts it is for, and which of two keys is the more specific.
import type { AccountRef } from './account-ref.ts';
import { compileGlob, type Glob, matchesGlob } from './glob.ts';

/** A key of the map, `namespace/name`, each part a pattern. */
export type RoleMapKey = {
  /** As it stands in the map. */
  readonly text: string;
  readonly namespace: string;
  readonly name: string;
  readonly namespaceGlob: Glob;
  readonly nameGlob: Glob;
};

/**
 * Returns the key, or undefined where there is no `/` in it. Anything from a second `/` on is ignored: `a/b/c` is `a/b`
 * (the Go webhook's, pkg/cache/cache.go, populateCacheFromCM).
 */
export function parseRoleMapKey(text: string): RoleMapKey | undefined {
  const [namespace, name] = text.split('/', 2);
  if (namespace === undefined || name === undefined) return undefined;
  return { text, namespace, name, namespaceGlob: compileGlob(namespace), nameGlob: compileGlob(name) };
}

/** Returns whether the key is for the account. */
export function matchesKey(key: RoleMapKey, account: AccountRef): boolean {
  return matchesGlob(key.namespaceGlob, account.namespace) && matchesGlob(key.nameGlob, account.name);
}

/**
 * Returns less than 0 where `a` is the more specific key, more than 0 where `b` is, and 0 only for one and the same
 * text. Of all keys that match an account the most specific one wins:
 *
 * 1. the one with the most literal characters, that is, other than `*`, on both sides together;
 * 2. then the one with the fewest wildcards;
 * 3. then the one with more literal characters in the namespace;
 * 4. then the first in alphabetical order (of UTF-16 units).
 *
 * A key without wildcards beats every glob that matches the same account, so that `ns/name` comes before the same name
 * in any namespace, as in the Go webhook (pkg/cache/cache.go, Get).
 */
export function compareSpecificity(a: RoleMapKey, b: RoleMapKey): number {
  return (
    literalLength(b) - literalLength(a) ||
    wildcards(a) - wildcards(b) ||
    b.namespaceGlob.literalLength - a.namespaceGlob.literalLength ||
    compareText(a.text, b.text)
  );
}

function literalLength({ namespaceGlob, nameGlob }: RoleMapKey): number {
  return namespaceGlob.literalLength + nameGlob.literalLength;
}

/** Returns how many wildcards are in the key, `**` counted once. */
export function wildcards({ namespaceGlob, nameGlob }: RoleMapKey): number {
  return namespaceGlob.wildcards + nameGlob.wildcards;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
