// Reads service accounts out of the text of a manifest, YAML or JSON, as kubectl would.
import { type DocumentOptions, parseAllDocuments, type SchemaOptions } from 'yaml';
import { accountKey } from '../identity/account-ref.ts';
import {
  type Identity,
  type IdentityDefaults,
  type NoIdentity,
  type NoRoleReason,
  parseIdentity,
} from '../identity/identity.ts';
import { asArray, asObject, asString, type JsonObject } from '../identity/json.ts';

/** What one account promises. */
export type AccountPromise = Identity | NoIdentity<NoRoleReason>;

/** What a set of manifests says of accounts, by their {@link accountKey}. */
export type Accounts = ReadonlyMap<string, AccountPromise>;

/**
 * YAML as kubectl reads it (go.yaml.in/yaml/v2, resolve.go), which is YAML 1.1: `0644` is octal, `yes` a boolean, `<<`
 * merges. But unlike there, dates and numbers to base 60 (`22:22`) are text.
 */
const kubectlYaml: DocumentOptions & SchemaOptions = {
  version: '1.1',
  customTags: (tags) =>
    tags.filter(
      (tag) =>
        typeof tag === 'string' || !(tag.tag.endsWith(':timestamp') || ('format' in tag && tag.format === 'TIME')),
    ),
};

/** A manifest that cannot be read; the message names the file and the place in it. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly code = 'ERR_MANIFEST';
}

/**
 * Returns every object in the text, in order: all documents of it, with the items of each list in its place. Empty
 * documents are passed over. Throws a {@link ManifestError} where the text is not YAML or a document not an object.
 */
export function parseObjects(text: string, source: string): JsonObject[] {
  return parseAllDocuments(text, kubectlYaml).flatMap((document, index) => {
    const [error] = document.errors;
    if (error) throw new ManifestError(`${source}: ${error.message.split('\n', 1)[0] ?? 'not YAML'}`);
    const content: unknown = toPlain(document, source);
    if (content === null || content === undefined) return [];
    const object = asObject(content);
    if (object === undefined) {
      throw new ManifestError(`${source}: expected an object in document ${String(index + 1)}, got ${kindOf(content)}`);
    }
    return expandList(object, source);
  });
}

/**
 * Returns the accounts among the objects in a text; other kinds are passed over. An account without a namespace is in
 * `defaultNamespace`; of two with the same name the later counts, as when they are applied one after the other.
 */
export function parseAccounts(
  text: string,
  source: string,
  defaults: IdentityDefaults,
  defaultNamespace = 'default',
): Accounts {
  const accounts = new Map<string, AccountPromise>();
  for (const object of parseObjects(text, source)) {
    if (object['kind'] !== 'ServiceAccount' || object['apiVersion'] !== 'v1') continue;
    const metadata = asObject(object['metadata']);
    const name = asString(metadata?.['name']) ?? '';
    if (name === '') throw new ManifestError(`${source}: expected metadata.name in a ServiceAccount, got none`);
    const key = accountKey({ namespace: asString(metadata?.['namespace']) || defaultNamespace, name });
    accounts.set(key, parseIdentity(readAnnotations(metadata, `${source}: ServiceAccount ${key}`), defaults));
  }
  return accounts;
}

/** The API takes only text as the value of an annotation, and says so; an unquoted 900 or true is the usual slip. */
function readAnnotations(metadata: JsonObject | undefined, source: string): JsonObject | undefined {
  const annotations = asObject(metadata?.['annotations']);
  for (const [name, value] of Object.entries(annotations ?? {})) {
    if (typeof value !== 'string') {
      throw new ManifestError(
        `${source}: expected text in annotation ${name}, got ${kindOf(value)}; put its value in quotes`,
      );
    }
  }
  return annotations;
}

/** Returns the items of a `List`, or of a typed one such as the API's `PodList`, whose items do not name their kind. */
function expandList(object: JsonObject, source: string): JsonObject[] {
  const items = asArray(object['items']);
  const [, itemKind] = /^(\w*)List$/.exec(asString(object['kind']) ?? '') ?? [];
  if (itemKind === undefined || items === undefined) return [object];
  const itemType = itemKind === '' ? {} : { apiVersion: object['apiVersion'], kind: itemKind };
  return items.map((entry) => {
    const item = asObject(entry);
    if (item === undefined) throw new ManifestError(`${source}: expected objects in a List, got ${kindOf(entry)}`);
    return { ...itemType, ...item };
  });
}

/** Aliases that multiply (a "billion laughs" file) make this throw. */
function toPlain(document: { toJS: () => unknown }, source: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw new ManifestError(`${source}: ${cause instanceof Error ? cause.message : 'not YAML'}`, { cause });
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
