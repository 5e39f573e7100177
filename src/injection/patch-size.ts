// Bounds what a pod can make of a patch before any of it is made.
import { asObject } from '../identity/json.ts';
import type { Grant } from './grant.ts';
import { readList } from './list.ts';

/**
 * Bytes. An empty container takes three bytes of a review and 700 of its patch, so that the limit of a review bounds
 * nothing here. Etcd's limit of 1.5 MiB for an object leaves room for some 2,000 containers as the API server stores
 * them; this is enough for 5,000.
 */
export const maxPatchBytes = 4 * 1024 * 1024;

/** Bytes that the operations on one container take besides the values that it is given: names, paths, punctuation. */
const bytesPerContainer = 550;

/** Returns how many bytes the patch of a pod takes at most, or nearly so: containers times what each is given. */
export function estimatePatchBytes(pod: unknown, grant: Grant): number {
  const spec = asObject(asObject(pod)?.['spec']) ?? {};
  const containers = ['initContainers', 'containers'].reduce(
    (sum, field) => sum + (readList(spec, field)?.items.length ?? 0),
    0,
  );
  const { pair, region, mountPath, tokenPath, volumeName, audience } = grant;
  const names = pair.name.length + pair.tokenFileName.length + tokenPath.length + volumeName.length;
  const valueBytes = names + pair.value.length + 2 * region.length + 2 * mountPath.length;
  return containers * (bytesPerContainer + valueBytes) + audience.length;
}
