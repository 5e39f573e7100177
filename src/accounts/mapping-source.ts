// Follows the ConfigMap that maps accounts to roles.
import type { IdentityDefaults } from '../identity/identity.ts';
import { asObject, asString, type JsonObject } from '../identity/json.ts';
import { emptyRoleMap, parseRoleMap, type RoleMap } from '../identity/role-map.ts';
import { createReflector, type ReflectorOptions } from '../kubernetes/reflector.ts';

/** The ConfigMap's name and the key in it, the Go webhook's (its pkg/cache/cache.go, main.go). */
export const roleMapConfigMapName = 'pod-identity-webhook';
const roleMapKey = 'config';

/** A ConfigMap, as far as it matters here. */
export type RoleMapConfigMap = {
  /** The text of the map; undefined where its key is missing. */
  readonly text: string | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
};

/** What is told of the map as it changes. */
export type RoleMapObserver = {
  /** A map counts from now on; `entries` is how many keys it has. */
  readonly onMap: (entries: number) => void;
  /** The ConfigMap holds no usable map; the last good one stays. Told once of each text, however often it is listed. */
  readonly onRefused: (message: string, configMap: RoleMapConfigMap) => void;
  /** The API server cannot be followed just now; what was read last stays. */
  readonly onError: (message: string) => void;
  /** The ConfigMap, or that there is none, is known for the first time. */
  readonly onSynced: () => void;
};

/** What following the map needs. */
export type RoleMapSourceOptions = Pick<ReflectorOptions<RoleMapConfigMap>, 'api' | 'now' | 'random' | 'wait'> & {
  /** The namespace of the ConfigMap. */
  readonly namespace: string;
  readonly defaults: IdentityDefaults;
  readonly observer: RoleMapObserver;
};

/** A map that is followed. */
export type RoleMapSource = {
  /** What the ConfigMap said when it was last good; empty where there is none, undefined as long as nobody knows. */
  readonly roleMap: () => RoleMap | undefined;
  readonly stop: () => Promise<void>;
};

/**
 * Follows the ConfigMap until stop(). It is taken as a whole or not at all: one wrong entry, and the last good map stays
 * in force; where there was none yet, reviews that would need the map fail, and `onRefused` says why. Without the
 * ConfigMap, or without its key, the map is empty: a deletion counts at once, unlike in the Go webhook.
 */
export function createRoleMapSource(options: RoleMapSourceOptions): RoleMapSource {
  const { namespace, defaults, observer, ...parts } = options;
  let roleMap: RoleMap | undefined;
  const use = (read: RoleMap): void => {
    roleMap = read;
    observer.onMap(read.exact.size + read.anyNamespace.size + read.globs.length);
  };
  let taken: { readonly text: string | undefined } | undefined;
  const take = (configMap: RoleMapConfigMap | undefined): void => {
    const text = configMap?.text;
    // Listed anew, or changed beside the map.
    if (taken !== undefined && taken.text === text) return;
    taken = { text };
    if (configMap === undefined || text === undefined) {
      use(emptyRoleMap);
      return;
    }
    try {
      use(parseRoleMap(text, defaults));
    } catch (error) {
      observer.onRefused(error instanceof Error ? error.message : String(error), configMap);
    }
  };
  const reflector = createReflector<RoleMapConfigMap>({
    ...parts,
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`,
    selector: { fieldSelector: `metadata.name=${roleMapConfigMapName}` },
    project: readConfigMap,
    store: {
      begin: () => {
        let configMap: RoleMapConfigMap | undefined;
        return {
          add: (_name, entry) => {
            configMap = entry;
          },
          commit: () => {
            take(configMap);
          },
        };
      },
      set: (_name, entry) => {
        take(entry);
      },
      delete: () => {
        take(undefined);
      },
    },
    observer: {
      onSynced: observer.onSynced,
      onError: observer.onError,
      onEvent: () => undefined,
      onRelist: () => undefined,
      onConnected: () => undefined,
    },
  });
  return { roleMap: () => roleMap, stop: async () => reflector.stop() };
}

function readConfigMap(object: JsonObject): RoleMapConfigMap {
  const metadata = asObject(object['metadata']);
  return {
    text: asString(asObject(object['data'])?.[roleMapKey]),
    uid: asString(metadata?.['uid']) ?? '',
    resourceVersion: asString(metadata?.['resourceVersion']) ?? '',
  };
}
