// Follows the Secret and the configurations, only to know that something changed.
import { followObject, type FollowObjectOptions } from '../kubernetes/follow-object.ts';
import type { Reflector } from '../kubernetes/reflector.ts';
import { type ConfigurationName, configurationKinds, configurationsPath } from './configurations.ts';
import { secretsPath } from './secret-store.ts';

/** The watches that are open. */
export type Watches = {
  /** Follows the configurations of these names, but those that may not be read; each once, however often it is called. */
  readonly followConfigurations: (names: readonly string[], forbidden: readonly ConfigurationName[]) => void;
  readonly stop: () => Promise<void>;
};

/** What following needs. */
export type WatchesOptions = Omit<FollowObjectOptions, 'name' | 'path'> & {
  readonly namespace: string;
  readonly secretName: string;
};

/** Starts to follow the Secret; configurations follow once it is known which of them may be read. */
export function createWatches({ namespace, secretName, ...options }: WatchesOptions): Watches {
  const reflectors = new Map<string, Reflector>();
  const follow = (path: string, name: string): void => {
    const key = `${path}/${name}`;
    if (!reflectors.has(key)) reflectors.set(key, followObject({ ...options, path, name }));
  };
  follow(secretsPath(namespace), secretName);
  return {
    followConfigurations: (names, forbidden) => {
      for (const name of names) {
        const kinds = configurationKinds.filter(
          (kind) => !forbidden.some((target) => target.kind === kind && target.name === name),
        );
        for (const kind of kinds) follow(configurationsPath(kind), name);
      }
    },
    stop: async () => {
      await Promise.all([...reflectors.values()].map(async (reflector) => reflector.stop()));
    },
  };
}
