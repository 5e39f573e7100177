// Reads the ConfigMaps that a pod's envFrom names, for `--respect-env-from`.
import { asObject, type JsonObject } from '../identity/json.ts';
import { type AskedObject, isObjectName, type LiveReadOptions, readLive } from './live-read.ts';
import type { Deadline, LookupFault } from './lookup.ts';

/** Which ConfigMaps are meant. */
export type ConfigMapNames = { readonly namespace: string; readonly names: readonly string[] };

/** The data of ConfigMaps by name; undefined for one that does not exist. */
export type ConfigMapData = ReadonlyMap<string, JsonObject | undefined>;

/** Reads ConfigMaps; the promise never rejects and is kept by the deadline. Names that are missing were not read. */
export type ReadConfigMaps = (asked: ConfigMapNames, deadline: Deadline) => Promise<ConfigMapData | LookupFault>;

/** ConfigMaps read for one pod; a pod of more is told that `env` wins, as without the flag. */
const maxConfigMaps = 16;

/**
 * Returns the reader: one live GET for each ConfigMap. What cannot be read is our fault, and the review fails: a variable
 * that would have kept the identity away may stand there.
 */
export function createConfigMapReader(options: LiveReadOptions): ReadConfigMaps {
  return async ({ namespace, names }, deadline) => {
    const data = new Map<string, JsonObject | undefined>();
    if (!isObjectName(namespace)) return data;
    const asked = names.filter(isObjectName).slice(0, maxConfigMaps);
    const answers = await Promise.all(
      asked.map(async (name) => readLive(configMapOf(namespace, name), deadline, options)),
    );
    for (const [index, answer] of answers.entries()) {
      if (answer.kind === 'fault') return answer;
      data.set(asked[index] ?? '', answer.kind === 'absent' ? undefined : (asObject(answer.object['data']) ?? {}));
    }
    return data;
  };
}

function configMapOf(namespace: string, name: string): AskedObject {
  const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
  const title = `ConfigMap ${namespace}/${name} of envFrom (--respect-env-from)`;
  return { path, kind: 'ConfigMap', resource: 'configmaps', namespace, name, title };
}
