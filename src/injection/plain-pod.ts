// Tells a plain pod: one in which nothing of its own touches what an identity brings.
import { asArray, asObject, type JsonObject } from '../identity/json.ts';
import { webIdentityTokenPath, webIdentityVolumeName } from './grant.ts';
import { readList } from './list.ts';
import { cleanPath, joinPath } from './paths.ts';
import type { InjectionSettings } from './settings.ts';
import { secondVolumeName } from './token-volume.ts';
import { runsOnWindows } from './windows.ts';

/** A container of a plain pod, as far as its part of the patch depends on it. */
export type ContainerSlot = {
  readonly field: (typeof fields)[number];
  readonly index: number;
  readonly hasEnv: boolean;
  readonly hasMounts: boolean;
};

/** All that the patch of a plain pod depends on. */
export type PlainPod = { readonly hasVolumes: boolean; readonly containers: readonly ContainerSlot[] };

/** In the order of the patch. */
const fields = ['initContainers', 'containers'] as const;

/** Nearly all pods have fewer in each field; each place has a piece of its own for each identity. */
const maxContainers = 16;

/** Returns a number that no other slot has. */
export function slotKey({ field, index, hasEnv, hasMounts }: ContainerSlot): number {
  return ((fields.indexOf(field) * maxContainers + index) * 2 + Number(hasEnv)) * 2 + Number(hasMounts);
}

/** Returns the function that reads a plain pod, and returns undefined for any other; in doubt a pod is not plain. */
export function createPlainPodReader(settings: InjectionSettings): (pod: unknown) => PlainPod | undefined {
  const annotationStart = `${settings.annotationPrefix}/`;
  const isFreeMount = createMountCheck(settings);
  return (pod) => {
    const object = asObject(pod);
    const spec = asObject(object?.['spec']);
    const volumes = spec && readList(spec, 'volumes');
    if (spec === undefined || volumes?.items.every(isFreeVolume) !== true || runsOnWindows(spec)) return undefined;
    const annotations = asObject(asObject(object?.['metadata'])?.['annotations']) ?? {};
    if (Object.keys(annotations).some((name) => name.startsWith(annotationStart))) return undefined;
    const containers = readSlots(spec, isFreeMount);
    return containers && { hasVolumes: volumes.exists, containers };
  };
}

type Check = (entry: unknown) => boolean;

const volumeNames: readonly unknown[] = [webIdentityVolumeName, secondVolumeName(webIdentityVolumeName)];

function isFreeVolume(volume: unknown): boolean {
  return !volumeNames.includes(asObject(volume)?.['name']);
}

function isFreeVariable(variable: unknown): boolean {
  const name = asObject(variable)?.['name'];
  return typeof name !== 'string' || !name.startsWith('AWS_');
}

function createMountCheck({ mountPath: usualPath }: InjectionSettings): Check {
  const paths = [cleanPath(usualPath), joinPath(usualPath, webIdentityTokenPath)];
  // Cleaning makes no path longer but the empty one.
  const minTakenLength = Math.min(...paths.map(({ length }) => length));
  return (mount) => {
    const { name, mountPath } = asObject(mount) ?? {};
    if (name === webIdentityVolumeName || typeof mountPath !== 'string') return false;
    return (mountPath !== '' && mountPath.length < minTakenLength) || !paths.includes(cleanPath(mountPath));
  };
}

/** Returns the slots of all containers, or undefined where one is not plain, or there is none. */
function readSlots(spec: JsonObject, isFreeMount: Check): readonly ContainerSlot[] | undefined {
  const containers: ContainerSlot[] = [];
  for (const field of fields) {
    const list = readList(spec, field);
    if (list === undefined || list.items.length > maxContainers) return undefined;
    for (let index = 0; index < list.items.length; index += 1) {
      const slot = slotOf(list.items[index], { field, index }, isFreeMount);
      if (slot === undefined) return undefined;
      containers.push(slot);
    }
  }
  return containers.length === 0 ? undefined : containers;
}

function slotOf(
  entry: unknown,
  place: Pick<ContainerSlot, 'field' | 'index'>,
  isFreeMount: Check,
): ContainerSlot | undefined {
  const container = asObject(entry);
  if (container === undefined || (asArray(container['envFrom'])?.length ?? 0) > 0) return undefined;
  const env = readList(container, 'env');
  const mounts = readList(container, 'volumeMounts');
  if (env?.items.every(isFreeVariable) !== true || mounts?.items.every(isFreeMount) !== true) return undefined;
  return { ...place, hasEnv: env.exists, hasMounts: mounts.exists };
}
