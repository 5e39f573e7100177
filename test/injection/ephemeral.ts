// Containers that are added to a pod, as `kubectl debug` does it.
import { asArray, asObject } from '../../src/identity/json.ts';

/** Returns the pod with containers of these names in front of its ephemeral ones, where kubectl's merge puts them. */
export function withEphemeral(value: unknown, names: readonly string[]): unknown {
  const pod = asObject(value) ?? {};
  const spec = asObject(pod['spec']);
  if (spec === undefined) return value;
  const present = asArray(spec['ephemeralContainers']) ?? [];
  return { ...pod, spec: { ...spec, ephemeralContainers: [...names.map((name) => ({ name })), ...present] } };
}

/** Returns pointers to the ephemeral containers of a pod whose names it did not have before. */
export function newEphemeralPlaces(pod: unknown, before: unknown): readonly string[] {
  const old = new Set(ephemeralOf(before).map((container) => asObject(container)?.['name']));
  return ephemeralOf(pod).flatMap((entry, index) => {
    const container = asObject(entry);
    const isNew = container !== undefined && !old.has(container['name']);
    return isNew ? [`/spec/ephemeralContainers/${String(index)}`] : [];
  });
}

function ephemeralOf(pod: unknown): readonly unknown[] {
  return asArray(asObject(asObject(pod)?.['spec'])?.['ephemeralContainers']) ?? [];
}
