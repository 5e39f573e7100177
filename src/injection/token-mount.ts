// Where a container sees the token: a mount that is there, the usual path, or a second one where that is taken.
import { asObject, asString, type JsonObject } from '../identity/json.ts';
import { cleanPath, joinPath } from './paths.ts';

/** Added to the mount path where something else is mounted there. */
const secondMountPathSuffix = '-2';

/** Where the token's volume is, or goes, in one container. */
export type MountPlace = { readonly mountPath: string; readonly exists: boolean };

/** The mount as the API has it. */
export type TokenMount = { readonly name: string; readonly readOnly: true; readonly mountPath: string };

/** Returns the mount of the token's volume. */
export function tokenMount(volumeName: string, mountPath: string): TokenMount {
  return { name: volumeName, readOnly: true, mountPath };
}

/**
 * Returns where the token is to be seen in a container, or undefined where both paths are taken by something else.
 * A mount of the token's volume that is there already is used wherever it is, as long as it shows the whole volume:
 * of several the one that `isPreferred` (the container's own variable points there), then the usual one.
 */
export function placeMount(
  mounts: readonly unknown[],
  {
    volumeNames,
    mountPath,
    tokenPath,
  }: { readonly volumeNames: readonly string[]; readonly mountPath: string; readonly tokenPath: string },
  isPreferred: (mountPath: string) => boolean,
): MountPlace | undefined {
  const existing = mounts.map(asObject).filter((mount) => mount !== undefined);
  const usualPath = cleanPath(mountPath);
  const wholePaths = existing
    .filter((mount) => volumeNames.includes(asString(mount['name']) ?? '') && !showsPart(mount))
    .map((mount) => asString(mount['mountPath']))
    .filter((path) => path !== undefined);
  const wholePath =
    wholePaths.find(isPreferred) ?? wholePaths.find((path) => cleanPath(path) === usualPath) ?? wholePaths[0];
  if (wholePath !== undefined) return { mountPath: wholePath, exists: true };

  const taken = new Set(existing.map((mount) => cleanPath(asString(mount['mountPath']) ?? '')));
  for (const path of [mountPath, `${usualPath}${secondMountPathSuffix}`]) {
    // A mount on the very file hides the token as one on its folder does.
    if (!taken.has(cleanPath(path)) && !taken.has(joinPath(path, tokenPath))) return { mountPath: path, exists: false };
  }
  return undefined;
}

function showsPart(mount: JsonObject): boolean {
  return (asString(mount['subPath']) ?? '') !== '' || (asString(mount['subPathExpr']) ?? '') !== '';
}
