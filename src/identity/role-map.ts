// The role map: roles for service accounts by patterns of their names, from the ConfigMap pod-identity-webhook.
import type { Identity, IdentityDefaults, NoIdentity } from './identity.ts';
import { kindOfJson } from './go-json.ts';
import { asObject } from './json.ts';
import { type NoRoleInMapReason, parseRoleMapEntry, type RoleMapEntry } from './role-map-entry.ts';
import { entryError, RoleMapError } from './role-map-error.ts';
import { compareSpecificity, matchesKey, parseRoleMapKey, wildcards } from './role-map-key.ts';
import type { AccountRef } from './account-ref.ts';
import { quote } from './warning.ts';

/** UTF-16 units of text; a ConfigMap holds at most 1 MiB of UTF-8, which is never fewer bytes than units. */
export const maxRoleMapLength = 1024 * 1024;
/** Entries; with a role each, no more than about 19,000 fit into {@link maxRoleMapLength}. */
export const maxRoleMapEntries = 20_000;
/**
 * Entries that must be tried one by one at each review whose account has no role of its own: measured, 10 us for so many
 * with a `*` at an end of each side, and 3 ms for the worst patterns and names.
 */
export const maxRoleMapGlobs = 1_000;

/** Characters of the longest name of a namespace or account (RFC 1123 subdomain, Kubernetes' own limit). */
const maxNameLength = 253;

/** What the ConfigMap says. Names are keys of Maps, so that `__proto__` is a name like any other. */
export type RoleMap = {
  /** Entries without wildcards, by `namespace/name`. Neither part has a slash, so that no two accounts share a key. */
  readonly exact: ReadonlyMap<string, RoleMapEntry>;
  /** Entries for one name in any namespace, by that name. */
  readonly anyNamespace: ReadonlyMap<string, RoleMapEntry>;
  /** All others, the most specific first. */
  readonly globs: readonly RoleMapEntry[];
};

/** A map that promises nothing: what counts where there is no ConfigMap. */
export const emptyRoleMap: RoleMap = { exact: new Map(), anyNamespace: new Map(), globs: [] };

/**
 * Returns the map in the text: a JSON object of `namespace/name` -> `{RoleARN, Audience, UseRegionalSTS,
 * TokenExpiration}` (the Go webhook's form, pkg/cache/cache.go), in which either side of a key may have globs. JSON
 * `null` is a map without entries, as there. A key that stands twice counts as its last; of two keys that differ and are
 * for the same accounts (`a/b` and `a/b/c`) {@link compareSpecificity} takes the first.
 *
 * Throws a {@link RoleMapError}, and nothing else, where anything in it is wrong: a map that is used by half would give
 * some accounts the role of a less specific entry. The Go webhook panics at a key without `/` and at a null entry.
 */
export function parseRoleMap(text: string, defaults: IdentityDefaults): RoleMap {
  const entries = new Map<string, RoleMapEntry>();
  for (const [keyText, value] of readMembers(text)) {
    const key = parseRoleMapKey(keyText);
    if (key === undefined) throw keyError(keyText);
    entries.set(keyText, parseRoleMapEntry(key, value, defaults));
  }
  return arrange([...entries.values()].toSorted((a, b) => compareSpecificity(a.key, b.key)));
}

/**
 * Returns what the most specific entry for this account promises ({@link compareSpecificity} has the order), or undefined
 * where there is none. An entry without a role promises that there is no identity: it hides less specific ones (the Go
 * webhook's, pkg/cache/cache.go, Get).
 */
export function findInRoleMap(map: RoleMap, account: AccountRef): Identity | NoIdentity<NoRoleInMapReason> | undefined {
  // A key without wildcards is more specific than all that match the same account.
  return (findExactInRoleMap(map, account) ?? findGlob(map, account))?.promise;
}

/**
 * Returns the entry for just this account, or undefined; globs do not count. Container credentials take STS and
 * expiration from it (the Go webhook's GetCommonConfigurations, pkg/cache/cache.go).
 */
export function findExactInRoleMap(map: RoleMap, { namespace, name }: AccountRef): RoleMapEntry | undefined {
  return map.exact.get(`${namespace}/${name}`);
}

function findGlob(map: RoleMap, account: AccountRef): RoleMapEntry | undefined {
  const anyNamespace = map.anyNamespace.get(account.name);
  if (map.globs.length === 0) return anyNamespace;
  // The API server lets no such name through; it only would cost time.
  if (account.namespace.length > maxNameLength || account.name.length > maxNameLength) return anyNamespace;
  for (const entry of map.globs) {
    if (anyNamespace !== undefined && compareSpecificity(anyNamespace.key, entry.key) < 0) return anyNamespace;
    if (matchesKey(entry.key, account)) return entry;
  }
  return anyNamespace;
}

/** Sorts entries into a map; they come with the most specific first. */
function arrange(entries: readonly RoleMapEntry[]): RoleMap {
  const exact = new Map<string, RoleMapEntry>();
  const anyNamespace = new Map<string, RoleMapEntry>();
  const globs: RoleMapEntry[] = [];
  for (const entry of entries) {
    const { key } = entry;
    if (wildcards(key) === 0) addFirst(exact, `${key.namespace}/${key.name}`, entry);
    else if (key.namespace === '*' && key.nameGlob.wildcards === 0) addFirst(anyNamespace, key.name, entry);
    else globs.push(entry);
  }
  if (globs.length > maxRoleMapGlobs) {
    throw new RoleMapError(
      `expected at most ${String(maxRoleMapGlobs)} keys with wildcards, */name aside, in the role map, got ${String(globs.length)}`,
    );
  }
  return { exact, anyNamespace, globs };
}

function addFirst(entries: Map<string, RoleMapEntry>, key: string, entry: RoleMapEntry): void {
  if (!entries.has(key)) entries.set(key, entry);
}

function readMembers(text: string): [string, unknown][] {
  if (text.length > maxRoleMapLength) {
    throw new RoleMapError(
      `expected at most ${String(maxRoleMapLength)} characters as the role map, got ${String(text.length)}`,
    );
  }
  const content = parseJson(text);
  if (content === null) return [];
  const object = asObject(content);
  if (object === undefined)
    throw new RoleMapError(`expected a JSON object as the role map, got ${kindOfJson(content)}`);
  const members = Object.entries(object);
  if (members.length > maxRoleMapEntries) {
    throw new RoleMapError(
      `expected at most ${String(maxRoleMapEntries)} entries in the role map, got ${String(members.length)}`,
    );
  }
  return members;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : '';
    throw new RoleMapError(`expected JSON as the role map, got a text that is not: ${quote(problem, 120)}`, { cause });
  }
}

function keyError(key: string): RoleMapError {
  return entryError(key, 'a key of the form namespace/name', 'one without a slash');
}
