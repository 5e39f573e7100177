// Pods of the self-test, as the API server would answer them with a webhook behind it.
import jsonpatch from 'fast-json-patch';
import type { Identity } from '../../src/identity/identity.ts';
import { asArray, asObject, type JsonObject } from '../../src/identity/json.ts';
import { inject } from '../../src/injection/inject.ts';
import type { InjectionSettings } from '../../src/injection/settings.ts';
import { settings } from '../admission/reviews.ts';

/** Returns the pod with what a webhook of these settings gives it. */
export function injected(pod: JsonObject, identity: Identity, given: InjectionSettings = settings): JsonObject {
  const { operations } = inject(pod, identity, given, { namespace: 'shop' });
  const patched: unknown = jsonpatch.applyPatch<unknown>(
    structuredClone(pod),
    structuredClone([...operations]),
  ).newDocument;
  return asObject(patched) ?? {};
}

/** Returns the pod with its first container, or its first init container, changed. */
export function withContainer(
  pod: JsonObject,
  field: 'initContainers' | 'containers',
  change: (container: JsonObject) => JsonObject,
): JsonObject {
  const spec = asObject(pod['spec']) ?? {};
  const [first, ...others] = asArray(spec[field]) ?? [];
  return { ...pod, spec: { ...spec, [field]: [change(asObject(first) ?? {}), ...others] } };
}
