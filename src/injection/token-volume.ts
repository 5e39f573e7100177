// The projected volume that holds the token: its shape, its name, and what else may stand under that name.
import { asArray, asObject, type JsonObject } from '../identity/json.ts';

/** The volume's name: a contract, tools outside find injected pods by it. */
export const tokenVolumeName = 'aws-iam-token';
/** Takes its place where a pod has something else under that name. */
export const secondTokenVolumeName = 'aws-iam-token-2';
/** The token's file name in the volume. */
export const tokenFileName = 'token';

/** What the token is for and how long it lives. */
export type Token = { readonly audience: string; readonly expirationSeconds: number };

/** The name the volume has in a pod, and whether it is there already. */
export type VolumePlace = { readonly name: string; readonly exists: boolean };

/** Returns the volume as the API has it; the order of the fields is the Go webhook's. */
export function tokenVolume(name: string, token: Token): JsonObject {
  const { audience, expirationSeconds } = token;
  return {
    name,
    projected: { sources: [{ serviceAccountToken: { audience, expirationSeconds, path: tokenFileName } }] },
  };
}

/**
 * Returns where the token's volume goes among the pod's, or undefined where both names stand for something else.
 * A volume counts as ours by what is in it, not by its name: a token of this audience under this file name. Its
 * lifetime, `defaultMode` and further sources are its owner's business.
 */
export function placeVolume(volumes: readonly unknown[], audience: string): VolumePlace | undefined {
  for (const name of [tokenVolumeName, secondTokenVolumeName]) {
    const sameName = volumes.map(asObject).filter((volume) => volume?.['name'] === name);
    if (sameName.length === 0) return { name, exists: false };
    if (sameName.every((volume) => holdsToken(volume, audience))) return { name, exists: true };
  }
  return undefined;
}

function holdsToken(volume: JsonObject | undefined, audience: string): boolean {
  const sources = asArray(asObject(volume?.['projected'])?.['sources']) ?? [];
  return sources.some((source) => {
    const token = asObject(asObject(source)?.['serviceAccountToken']);
    return token?.['audience'] === audience && token['path'] === tokenFileName;
  });
}
