/** The Secrets and ConfigMaps that a pod mounts, as folders of this machine that follow them. */
import path from 'node:path';
import type { Cluster } from '../cluster.ts';
import type { KubernetesObject } from '../objects.ts';
import { type MountedFiles, swapFiles } from './mounted-folder.ts';
import type { ScheduledPod, VolumeSource } from './pod-spec.ts';

/** The volumes of one pod. */
export type PodVolumes = {
  /** Folders of this machine by mount paths. */
  readonly folders: ReadonlyMap<string, string>;
  /** Has each folder hold what its object holds now; returns whether all objects are there, without which no pod starts. */
  readonly refresh: () => Promise<boolean>;
};

type Volume = { readonly folder: string; readonly objectPath: string; readonly source: VolumeSource };

/** Returns the volumes of a pod under `directory`, still empty. The projected volume of the token is not among them. */
export function podVolumes(cluster: Cluster, pod: ScheduledPod, directory: string): PodVolumes {
  const volumes = (pod.spec.volumes ?? []).flatMap(({ name, secret, configMap }): (Volume & { name: string })[] => {
    const source = secret ?? configMap;
    if (source === undefined) return [];
    const objectName = source.secretName ?? source.name ?? '';
    const kind = secret === undefined ? 'configmaps' : 'secrets';
    const objectPath = `/api/v1/namespaces/${pod.metadata.namespace}/${kind}/${objectName}`;
    return [{ name, folder: path.join(directory, name), objectPath, source }];
  });
  const versions = new Map<string, string>();
  const refresh = async ({ folder, objectPath, source }: Volume): Promise<boolean> => {
    const { status, body } = await cluster.request('GET', objectPath);
    if (status !== 200) return versions.has(folder);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the API server has at that path
    const object = body as KubernetesObject & DataObject;
    const version = object.metadata.resourceVersion ?? '';
    if (versions.get(folder) === version) return true;
    const files = filesOf(object, source);
    if (files === undefined) return versions.has(folder);
    await swapFiles(folder, files);
    versions.set(folder, version);
    return true;
  };
  const mounts = pod.spec.containers[0].volumeMounts ?? [];
  return {
    folders: new Map(
      mounts.flatMap(({ name, mountPath }) => {
        const volume = volumes.find((candidate) => candidate.name === name);
        return volume === undefined ? [] : [[mountPath, volume.folder] as const];
      }),
    ),
    refresh: async () => {
      let all = true;
      for (const volume of volumes) all = (await refresh(volume)) && all;
      return all;
    },
  };
}

type DataObject = { readonly kind: string; readonly data?: Readonly<Record<string, string>> };

/** Returns undefined where a key is missing that the pod asks for. */
function filesOf({ kind, data = {} }: DataObject, { items }: VolumeSource): MountedFiles | undefined {
  const files = new Map<string, Buffer>();
  for (const { key, path: file } of items ?? Object.keys(data).map((name) => ({ key: name, path: name }))) {
    const value = data[key];
    if (value === undefined) return undefined;
    files.set(file, Buffer.from(value, kind === 'Secret' ? 'base64' : 'utf8'));
  }
  return files;
}
