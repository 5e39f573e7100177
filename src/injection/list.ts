// A list field of the pod that may be absent.
import { asArray, type JsonObject } from '../identity/json.ts';

/** The entries of a list field; `exists` is false where there is no array to append to. */
export type List = { readonly exists: boolean; readonly items: readonly unknown[] };

/** Returns the list in a field, or undefined where something that is not a list stands there. */
export function readList(owner: JsonObject, field: string): List | undefined {
  const value = owner[field];
  // The API server sends no null here, but takes one for an absent list.
  if (value === undefined || value === null) return { exists: false, items: [] };
  const items = asArray(value);
  return items === undefined ? undefined : { exists: true, items };
}
