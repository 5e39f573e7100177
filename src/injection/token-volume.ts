// The projected volume that holds the token: its shape, its name, and what else may stand under that name.
import { asArray, asObject, type JsonObject } from '../identity/json.ts';
import { awsConfigFile } from './aws-config.ts';
import type { Grant } from './grant.ts';

/** The name the volume has in a pod, and whether it is there already. */
export type VolumePlace = {
  readonly name: string;
  readonly exists: boolean;
  /** Every name of ours under which the pod has the token, or will have it. */
  readonly names: readonly string[];
};

/** Longest name of a volume (RFC 1123 label). */
const maxVolumeNameLength = 63;

/** Returns the name that takes the place of the usual one where a pod has something else under that. */
export function secondVolumeName(volumeName: string): string {
  const suffix = '-2';
  return `${volumeName.slice(0, maxVolumeNameLength - suffix.length)}${suffix}`;
}

/** Returns the volume as the API has it; the order of the fields is the Go webhook's. */
export function tokenVolume(name: string, grant: Grant, expirationSeconds: number): JsonObject {
  const { audience, tokenPath, chain } = grant;
  const token = { serviceAccountToken: { audience, expirationSeconds, path: tokenPath } };
  return { name, projected: { sources: chain ? [token, configSource(chain)] : [token] } };
}

/** The downward API makes a file of the pod's annotation. */
function configSource({ annotation }: { readonly annotation: string }): JsonObject {
  return {
    downwardAPI: { items: [{ path: awsConfigFile, fieldRef: { fieldPath: `metadata.annotations['${annotation}']` } }] },
  };
}

/**
 * Returns where the token's volume goes among the pod's, or undefined where both names stand for something else.
 * A volume counts as ours by what is in it, not by its name: a token of this audience under this file name. Its
 * lifetime, `defaultMode` and further sources are its owner's business.
 */
export function placeVolume(volumes: readonly unknown[], grant: Grant): VolumePlace | undefined {
  const candidates = [grant.volumeName, secondVolumeName(grant.volumeName)].map((name) => {
    const sameName = volumes.map(asObject).filter((volume) => volume?.['name'] === name);
    const isFree = sameName.length === 0;
    return { name, isFree, isOurs: !isFree && sameName.every((volume) => holdsToken(volume, grant)) };
  });
  const place = candidates.find(({ isFree, isOurs }) => isFree || isOurs);
  if (place === undefined) return undefined;
  const names = candidates.filter((candidate) => candidate.isOurs || candidate === place).map(({ name }) => name);
  return { name: place.name, exists: place.isOurs, names };
}

function holdsToken(volume: JsonObject | undefined, { audience, tokenPath, chain }: Grant): boolean {
  const sources = (asArray(asObject(volume?.['projected'])?.['sources']) ?? []).map(asObject);
  const hasToken = sources.some((source) => {
    const token = asObject(source?.['serviceAccountToken']);
    return token?.['audience'] === audience && token['path'] === tokenPath;
  });
  return hasToken && (chain === undefined || sources.some((source) => holdsConfig(source, chain.annotation)));
}

function holdsConfig(source: JsonObject | undefined, annotation: string): boolean {
  const items = asArray(asObject(source?.['downwardAPI'])?.['items']) ?? [];
  return items.map(asObject).some((item) => {
    const fieldPath = asObject(item?.['fieldRef'])?.['fieldPath'];
    return item?.['path'] === awsConfigFile && fieldPath === `metadata.annotations['${annotation}']`;
  });
}
