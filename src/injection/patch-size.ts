// Bounds what a pod can make of a patch before any of it is made.
import type { Identity } from '../identity/identity.ts';
import { asObject } from '../identity/json.ts';
import { readList } from './list.ts';
import type { InjectionSettings } from './settings.ts';

/**
 * Bytes. An empty container takes three bytes of a review and 700 of its patch, so that the limit of a review bounds
 * nothing here. Etcd's limit of 1.5 MiB for an object leaves room for some 2,000 containers as the API server stores
 * them; this is enough for 5,000.
 */
export const maxPatchBytes = 4 * 1024 * 1024;

/** Bytes that the operations on one container take besides the values that it is given: names, paths, punctuation. */
const bytesPerContainer = 600;

/** Returns how many bytes the patch of a pod takes at most, or nearly so: containers times what each is given. */
export function estimatePatchBytes(pod: unknown, identity: Identity, settings: InjectionSettings): number {
  const spec = asObject(asObject(pod)?.['spec']) ?? {};
  const containers = ['initContainers', 'containers'].reduce(
    (sum, field) => sum + (readList(spec, field)?.items.length ?? 0),
    0,
  );
  const valueBytes = identity.roleArn.length + 2 * settings.region.length + 2 * settings.mountPath.length;
  return containers * (bytesPerContainer + valueBytes) + identity.audience.length;
}
