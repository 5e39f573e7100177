// Follows the ConfigMap of roles, and tells the log what becomes of it.
import {
  createRoleMapSource,
  roleMapConfigMapName,
  type RoleMapSource,
  type RoleMapSourceOptions,
} from '../accounts/mapping-source.ts';
import type { Log } from '../observability/log.ts';

/** What following the map needs, and where to tell of it. */
export type FollowRoleMapOptions = Omit<RoleMapSourceOptions, 'observer' | 'random'> & { readonly log: Log };

/** Starts to follow the map; `notReady` returns why nobody knows it yet, or undefined. */
export function followRoleMap(
  options: FollowRoleMapOptions,
): RoleMapSource & { readonly notReady: () => string | undefined } {
  const { log, ...parts } = options;
  const configMap = `${parts.namespace}/${roleMapConfigMapName}`;
  let refused = '';
  const source = createRoleMapSource({
    ...parts,
    random: Math.random,
    observer: {
      onSynced: () => undefined,
      onMap: (entries) => {
        refused = '';
        log.info({ configMap, entries }, 'role map loaded');
      },
      onRefused: (error) => {
        refused = `: ${error}`;
        log.error({ configMap, error }, 'role map refused; the last good one stays');
      },
      onError: (error) => {
        log.warn({ configMap, error }, 'role map cannot be followed');
      },
    },
  });
  const notReady = (): string | undefined =>
    source.roleMap() === undefined ? `ConfigMap ${configMap} has not been read yet${refused}` : undefined;
  return { ...source, notReady };
}
