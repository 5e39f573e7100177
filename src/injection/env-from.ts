// The variables that a container may get by envFrom: whole ConfigMaps and Secrets, whose keys become variables.
import { asArray, asObject, asString, type JsonObject } from '../identity/json.ts';
import type { OwnVariables } from './environment.ts';

/** What all variables that matter here begin with. */
export const variableStart = 'AWS_';

/** The data of ConfigMaps by name; undefined for one that does not exist. */
export type ConfigMaps = ReadonlyMap<string, JsonObject | undefined>;

/** What envFrom brings, as far as anybody knows. */
export type EnvFrom = {
  readonly variables: OwnVariables;
  /** Whether there is more, which nobody has read, and which could hold a variable of ours. */
  readonly mayHoldMore: boolean;
};

/** Returns what a container's envFrom brings; `configMaps` holds those that were read. Of one name, the last source counts. */
export function readEnvFrom(container: JsonObject, configMaps: ConfigMaps | undefined): EnvFrom {
  const variables = new Map<string, unknown>();
  let mayHoldMore = false;
  for (const { prefix, configMapName } of sourcesOf(container)) {
    if (configMapName === undefined || configMaps?.has(configMapName) !== true) {
      mayHoldMore = true;
      continue;
    }
    for (const [key, value] of Object.entries(configMaps.get(configMapName) ?? {})) {
      if (`${prefix}${key}`.startsWith(variableStart)) variables.set(`${prefix}${key}`, value);
    }
  }
  return { variables, mayHoldMore };
}

/** Returns the names of the ConfigMaps whose keys could become variables of ours, each once, in the pod's order. */
export function configMapsOfEnvFrom(spec: JsonObject): readonly string[] {
  const containers = ['initContainers', 'containers', 'ephemeralContainers'].flatMap(
    (field) => asArray(spec[field]) ?? [],
  );
  const sources = containers.flatMap((container) => sourcesOf(asObject(container) ?? {}));
  return [...new Set(sources.map(({ configMapName }) => configMapName))].filter((name) => name !== undefined);
}

type Source = { readonly prefix: string; readonly configMapName: string | undefined };

/** Only sources whose prefix leaves room for a variable of ours. */
function sourcesOf(container: JsonObject): Source[] {
  return (asArray(container['envFrom']) ?? []).flatMap((entry) => {
    const source = asObject(entry);
    const prefix = asString(source?.['prefix']) ?? '';
    if (source === undefined || !(variableStart.startsWith(prefix) || prefix.startsWith(variableStart))) return [];
    return [{ prefix, configMapName: asString(asObject(source['configMapRef'])?.['name']) }];
  });
}
