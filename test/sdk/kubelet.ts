// Plays the kubelet: makes files of a pod's projected volumes, and the environment of one of its containers.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asArray, asObject, asString, type JsonObject } from '../../src/identity/json.ts';

/** What the kubelet gives to a container. */
export type RunningContainer = {
  readonly environment: Readonly<Record<string, string>>;
  /** Replaces the token in all files that hold it. */
  readonly renewToken: (token: string) => Promise<void>;
};

/** Writes the files where the container's own mounts say, and nowhere else; mount paths must be below a test's folder. */
export async function runContainer(pod: JsonObject, name: string, token: string): Promise<RunningContainer> {
  const spec = asObject(pod['spec']);
  const container = objectsOf(spec?.['containers']).find((each) => each['name'] === name);
  const tokenFiles: string[] = [];
  for (const mount of objectsOf(container?.['volumeMounts'])) {
    const volume = objectsOf(spec?.['volumes']).find((each) => each['name'] === mount['name']);
    const sources = objectsOf(asObject(volume?.['projected'])?.['sources']);
    tokenFiles.push(...(await fillFolder(asString(mount['mountPath']) ?? '', sources, pod)));
  }
  const renewToken = async (text: string): Promise<void> => {
    for (const file of tokenFiles) await writeFile(file, text);
  };
  await renewToken(token);
  const variables = objectsOf(container?.['env']).map((variable) => {
    const value = asString(variable['value']) ?? fieldOf(pod, asObject(variable['valueFrom'])?.['fieldRef']);
    return [asString(variable['name']) ?? '', value] as const;
  });
  return { environment: Object.fromEntries(variables), renewToken };
}

/** Returns where tokens go; all else is written. */
async function fillFolder(folder: string, sources: readonly JsonObject[], pod: JsonObject): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  for (const item of sources.flatMap((source) => objectsOf(asObject(source['downwardAPI'])?.['items']))) {
    await writeFile(join(folder, asString(item['path']) ?? ''), fieldOf(pod, item['fieldRef']));
  }
  const tokenPaths = sources.map((source) => asString(asObject(source['serviceAccountToken'])?.['path']));
  return tokenPaths.filter((path) => path !== undefined).map((path) => join(folder, path));
}

function objectsOf(list: unknown): JsonObject[] {
  return (asArray(list) ?? []).map(asObject).filter((entry) => entry !== undefined);
}

/** The downward API, as far as it is used: the pod's name, and one of its annotations. */
function fieldOf(pod: JsonObject, fieldRef: unknown): string {
  const metadata = asObject(pod['metadata']);
  const path = asString(asObject(fieldRef)?.['fieldPath']) ?? '';
  const annotation = /^metadata\.annotations\['(.+)'\]$/.exec(path)?.[1];
  const value = annotation === undefined ? metadata?.['name'] : asObject(metadata?.['annotations'])?.[annotation];
  if (annotation === undefined && path !== 'metadata.name') throw new Error(`no such field here: ${path}`);
  return asString(value) ?? '';
}
