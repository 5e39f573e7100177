// Applies the lines of a watch to a store, one after the other.

import type { JsonLine } from './json-lines.ts';
import { type ApiObject, describeName, isApiObject, nameOf, type ObjectName, resourceVersionOf } from './objects.ts';
import { projectObject } from './project.ts';
import type { Project, ReflectorStore } from './reflection.ts';
import { readErrorEvent, type Refusal } from './refusal.ts';

/** Where watches stand; the same object is handed from one to the next. */
export type WatchPosition = {
  /** Of the last event that the store has: what came after it has not been seen. */
  resourceVersion: string;
  /** The position at which a line could not be read. */
  badLineAt: string | undefined;
};

/** What events are applied to. */
export type WatchTarget<Entry> = {
  /** The collection, for messages. */
  readonly path: string;
  readonly store: Pick<ReflectorStore<Entry>, 'set' | 'delete'>;
  readonly project: Project<Entry>;
};

/** What a line was. */
export type LineOutcome =
  /** The store and the position are as the event says. */
  | { readonly kind: 'bookmark' | 'change' }
  /** Nothing came of it, and the next line can be read. */
  | { readonly kind: 'passed_over'; readonly message: string }
  /** The API server ends the watch. */
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** It may have been any event, so the watch is to be opened again at the position. */
  | { readonly kind: 'unreadable'; readonly message: string };

/**
 * Applies a line. One that is not readable a second time at the same position is passed over, or nothing behind it
 * would ever be seen. An object that is too long, or cannot be projected, is taken out of the store: an old entry would
 * be wrong, and whoever misses one asks the API server. Throws only what the store throws.
 */
export function applyLine<Entry>(line: JsonLine, position: WatchPosition, target: WatchTarget<Entry>): LineOutcome {
  const { path, store } = target;
  if ('value' in line) {
    if (isApiObject(line.value) && typeof line.value['type'] === 'string' && isApiObject(line.value['object'])) {
      return applyEvent(line.value['type'], line.value['object'], position, target);
    }
    return unreadable(`Expected an event in each line of a watch of ${path}, got a line without one`, position);
  }
  const { fault, head } = line;
  if (fault.code !== 'ERR_KUBERNETES_RESPONSE_TOO_LARGE') {
    return unreadable(`In a watch of ${path}: ${fault.message}`, position);
  }
  const name = nameInHead(head);
  if (name !== undefined) store.delete(name);
  const subject = name === undefined ? 'an object whose name cannot be told' : describeName(name);
  return { kind: 'passed_over', message: `In a watch of ${path}: ${fault.message}: of ${subject}` };
}

function unreadable(message: string, position: WatchPosition): LineOutcome {
  if (position.badLineAt === position.resourceVersion) {
    return { kind: 'passed_over', message: `${message}; it came a second time and is passed over` };
  }
  position.badLineAt = position.resourceVersion;
  return { kind: 'unreadable', message };
}

function applyEvent<Entry>(
  type: string,
  object: ApiObject,
  position: WatchPosition,
  target: WatchTarget<Entry>,
): LineOutcome {
  if (type === 'ERROR') return { kind: 'refused', refusal: readErrorEvent(object) };
  const fault = type === 'BOOKMARK' ? undefined : applyChange(type, object, target);
  // Also when nothing came of it: the next watch would only bring the same again.
  position.resourceVersion = resourceVersionOf(object) ?? position.resourceVersion;
  if (fault === undefined) return { kind: type === 'BOOKMARK' ? 'bookmark' : 'change' };
  return { kind: 'passed_over', message: `In a watch of ${target.path}: ${fault}` };
}

/** Returns what is wrong with a change. */
function applyChange<Entry>(
  type: string,
  object: ApiObject,
  { store, project }: WatchTarget<Entry>,
): string | undefined {
  // client-go passes over types that it does not know, too.
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return `got an event of type ${type.slice(0, 32)}`;
  const name = nameOf(object);
  if (name === undefined) return `got an event ${type} of an object without metadata.name`;
  if (type === 'DELETED') {
    store.delete(name);
    return undefined;
  }
  const entry = projectObject(object, project);
  if ('fault' in entry) {
    store.delete(name);
    return `${describeName(name)} is left out: ${entry.fault}`;
  }
  store.set(name, entry.value);
  return undefined;
}

/** The API server writes metadata before all else but kind and apiVersion, and in it the names first. */
const namesAtStart =
  /^\{"type":"[A-Z]+","object":\{(?:"(?:kind|apiVersion)":"[^"\\]*",)*"metadata":\{"name":"([^"\\]+)",(?:"generateName":"[^"\\]*",)?(?:"namespace":"([^"\\]+)")?/;

/** Returns whom a line that is too long to be parsed is about, if it begins as the API server's do. */
function nameInHead(head: string): ObjectName | undefined {
  const [, name, namespace = ''] = namesAtStart.exec(head) ?? [];
  return name === undefined ? undefined : { namespace, name };
}
