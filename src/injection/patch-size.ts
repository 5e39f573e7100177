// Bounds what a pod can make of a patch before any of it is made.
import { asObject } from '../identity/json.ts';
import type { CredentialPair, Grant } from './grant.ts';
import { readList } from './list.ts';

/**
 * Bytes. An empty container takes three bytes of a review and some 700 of its patch, so that the limit of a review bounds
 * nothing here. Etcd's limit of 1.5 MiB for an object leaves room for some 2,000 containers as the API server stores
 * them; this is enough for 3,000.
 */
export const maxPatchBytes = 4 * 1024 * 1024;

/**
 * Bytes that the operations on one container take besides the values that are counted: names, paths, punctuation, and
 * what has a bound of its own (63 characters of a region, 64 of a session's name). With every variable it takes some 1,170.
 */
const bytesPerContainer = 1200;

/** Returns how many bytes the patch of a pod takes at most, or nearly so: containers times what each is given. */
export function estimatePatchBytes(pod: unknown, grant: Grant): number {
  const spec = asObject(asObject(pod)?.['spec']) ?? {};
  const containers = ['initContainers', 'containers', 'ephemeralContainers'].reduce(
    (sum, field) => sum + (readList(spec, field)?.items.length ?? 0),
    0,
  );
  const { pair, containerPairs, mountPath, tokenPath, volumeName, audience } = grant;
  const pairBytes = [pair, ...containerPairs.values()].map((each) => (each === undefined ? 0 : sizeOf(each)));
  const valueBytes = Math.max(...pairBytes) + tokenPath.length + volumeName.length + 2 * mountPath.length;
  return containers * (bytesPerContainer + valueBytes) + audience.length;
}

function sizeOf({ name, value, fileVariable, file }: CredentialPair): number {
  return name.length + value.length + fileVariable.length + file.length;
}
