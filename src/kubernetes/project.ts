// Makes of an object what a store keeps, whatever the object does to its projection.

import type { ApiObject } from './objects.ts';
import type { Project } from './reflection.ts';

/** Returns the entry, or what the projection threw in one clause. */
export function projectObject<Entry>(
  object: ApiObject,
  project: Project<Entry>,
): { readonly value: Entry } | { readonly fault: string } {
  try {
    return { value: project(object) };
  } catch (error) {
    return { fault: `it cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}
