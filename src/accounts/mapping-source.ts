// Follows the ConfigMap that maps accounts to roles.
import type { IdentityDefaults } from '../identity/identity.ts';
import { asObject, asString, type JsonObject } from '../identity/json.ts';
import { emptyRoleMap, parseRoleMap, type RoleMap } from '../identity/role-map.ts';
import { createReflector, type ReflectorOptions } from '../kubernetes/reflector.ts';

/** The ConfigMap's name and the key in it, the Go webhook's (its pkg/cache/cache.go, main.go). */
export const roleMapConfigMapName = 'pod-identity-webhook';
const roleMapKey = 'config';

/** What is told of the map as it changes. */
export type RoleMapObserver = {
  /** A map counts from now on; `entries` is how many keys it has. */
  readonly onMap: (entries: number) => void;
  /** The ConfigMap holds no usable map; the last good one stays. */
  readonly onRefused: (message: string) => void;
  /** The API server cannot be followed just now; what was read last stays. */
  readonly onError: (message: string) => void;
  /** The ConfigMap, or that there is none, is known for the first time. */
  readonly onSynced: () => void;
};

/** What following the map needs. */
export type RoleMapSourceOptions = Pick<ReflectorOptions<string | undefined>, 'api' | 'now' | 'random' | 'wait'> & {
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
 * in force; where there was none yet, reviews that would need the map fail, and `onRefused` says why. Without the ConfigMap, or without its key, the map is empty: a deletion counts at once, unlike in the Go
 * webhook.
 */
export function createRoleMapSource(options: RoleMapSourceOptions): RoleMapSource {
  const { namespace, defaults, observer, ...parts } = options;
  let roleMap: RoleMap | undefined;
  const take = (text: string | undefined): void => {
    try {
      const read = text === undefined ? emptyRoleMap : parseRoleMap(text, defaults);
      roleMap = read;
      observer.onMap(read.exact.size + read.anyNamespace.size + read.globs.length);
    } catch (error) {
      observer.onRefused(error instanceof Error ? error.message : String(error));
    }
  };
  const reflector = createReflector<string | undefined>({
    ...parts,
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`,
    selector: { fieldSelector: `metadata.name=${roleMapConfigMapName}` },
    project: readRoleMapText,
    store: {
      begin: () => {
        let text: string | undefined;
        return {
          add: (_name, entry) => {
            text = entry;
          },
          commit: () => {
            take(text);
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

/** Returns the text of the map in a ConfigMap, or undefined where its key is missing. */
export function readRoleMapText(configMap: JsonObject): string | undefined {
  return asString(asObject(configMap['data'])?.[roleMapKey]);
}
