// The containers of a pod that an identity can go to, and where they stand.
import { asObject, asString, type JsonObject } from '../identity/json.ts';
import { readList } from './list.ts';

/** A container and its place in the pod, as segments of a pointer. */
export type PlacedContainer = { readonly container: JsonObject; readonly path: readonly (string | number)[] };

/** Returns the containers of a pod. Native sidecars are init containers to the API, so that they are among these. */
export function containersOf(spec: JsonObject): readonly PlacedContainer[] {
  return ['initContainers', 'containers'].flatMap((field) => placedIn(spec, field));
}

/**
 * Returns the ephemeral containers (`kubectl debug`) that a pod has and an earlier state of it has not. By name, not by
 * place: a merge puts new ones in front, and a change of an old one would be refused.
 */
export function newEphemeralContainers(spec: JsonObject, oldSpec: JsonObject | undefined): readonly PlacedContainer[] {
  const field = 'ephemeralContainers';
  const oldNames = new Set(oldSpec && placedIn(oldSpec, field).map(({ container }) => container['name']));
  return placedIn(spec, field).filter(({ container }) => !oldNames.has(container['name']));
}

/** Returns a container's name, or an empty text where it has none. */
export function nameOf(container: JsonObject): string {
  return asString(container['name']) ?? '';
}

function placedIn(spec: JsonObject, field: string): PlacedContainer[] {
  return (readList(spec, field)?.items ?? []).flatMap((entry, index) => {
    const container = asObject(entry);
    return container === undefined ? [] : [{ container, path: ['spec', field, index] }];
  });
}
