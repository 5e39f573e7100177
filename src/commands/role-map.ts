// Follows the ConfigMap of roles, and tells the log, the metrics and whoever looks at the ConfigMap what becomes of it.
import {
  createRoleMapSource,
  roleMapConfigMapName,
  type RoleMapSource,
  type RoleMapSourceOptions,
} from '../accounts/mapping-source.ts';
import type { WriteEvent } from '../kubernetes/events.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';

/** What following the map needs, and where to tell of it. */
export type FollowRoleMapOptions = Omit<RoleMapSourceOptions, 'observer' | 'random'> & {
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'countRoleMap'>;
  readonly writeEvent: WriteEvent;
};

/** Starts to follow the map; `notReady` returns why nobody knows it yet, or undefined. */
export function followRoleMap(
  options: FollowRoleMapOptions,
): RoleMapSource & { readonly notReady: () => string | undefined } {
  const { log, metrics, writeEvent: _, ...parts } = options;
  const configMap = `${parts.namespace}/${roleMapConfigMapName}`;
  let refused = '';
  const events = createRefusalEvents(options, () => source.roleMap() !== undefined);
  const source = createRoleMapSource({
    ...parts,
    random: Math.random,
    observer: {
      onSynced: () => undefined,
      onMap: (entries) => {
        refused = '';
        metrics.countRoleMap({ result: 'loaded', entries });
        log.info({ configMap, entries }, 'role map loaded');
      },
      onRefused: (error, { uid, resourceVersion }) => {
        refused = `: ${error}`;
        metrics.countRoleMap({ result: 'refused' });
        log.error({ configMap, error }, 'role map refused; the last good one stays');
        events.tell({ uid, resourceVersion, error });
      },
      onError: (error) => {
        log.warn({ configMap, error }, 'role map cannot be followed');
      },
    },
  });
  const notReady = (): string | undefined =>
    source.roleMap() === undefined ? `ConfigMap ${configMap} has not been read yet${refused}` : undefined;
  const stop = async (): Promise<void> => {
    events.stop();
    await source.stop();
  };
  return { ...source, stop, notReady };
}

/** A refused map: which revision of the ConfigMap, and why. */
type Refusal = { readonly uid: string; readonly resourceVersion: string; readonly error: string };

/**
 * Writes an Event on the ConfigMap for each refusal that it is told of, one after the other; what was refused meanwhile
 * is passed over, but for the last. One that cannot be written is one warning, and nothing else.
 */
function createRefusalEvents(options: FollowRoleMapOptions, hasMap: () => boolean) {
  const { namespace, log, writeEvent } = options;
  let waiting: Refusal | undefined;
  let isWriting = false;
  let isStopped = false;
  const write = async ({ error, ...revision }: Refusal): Promise<void> => {
    const consequence = hasMap()
      ? 'the last good one stays in force'
      : 'there is no good one yet, so that pods whose account has no role fail';
    const failure = await writeEvent(
      { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: roleMapConfigMapName, ...revision },
      {
        type: 'Warning',
        reason: 'RoleMapRefused',
        message: `The map of roles is refused as a whole, and ${consequence}: ${error}`,
      },
    );
    if (failure !== undefined && !isStopped) {
      log.warn({ configMap: `${namespace}/${roleMapConfigMapName}`, error: failure }, 'event not written');
    }
  };
  const writeAll = async (): Promise<void> => {
    isWriting = true;
    while (waiting !== undefined) {
      const next = waiting;
      waiting = undefined;
      await write(next);
    }
    isWriting = false;
  };
  return {
    tell: (refusal: Refusal): void => {
      waiting = refusal;
      if (!isWriting) void writeAll();
    },
    stop: (): void => {
      isStopped = true;
      waiting = undefined;
    },
  };
}
