// Follows namespaces, and tells the log what becomes of it.
import { createNamespaceSource, type NamespaceSource, type NamespaceSourceOptions } from '../accounts/namespaces.ts';
import type { Log } from '../observability/log.ts';

/** What following namespaces needs, and where to tell of it. */
export type FollowNamespacesOptions = Omit<NamespaceSourceOptions, 'observer' | 'random'> & { readonly log: Log };

/** Starts to follow namespaces; `notReady` returns why not all of them are known yet, or undefined. */
export function followNamespaces(
  options: FollowNamespacesOptions,
): NamespaceSource & { readonly notReady: () => string | undefined } {
  const { log, ...parts } = options;
  let notReady: string | undefined = 'namespaces have not been read yet';
  const source = createNamespaceSource({
    ...parts,
    random: Math.random,
    observer: {
      onSynced: () => {
        notReady = undefined;
        log.info({}, 'namespaces have been read');
      },
      onError: (error) => {
        if (notReady !== undefined) notReady = `namespaces have not been read yet: ${error}`;
        log.warn({ error }, 'namespaces cannot be followed');
      },
    },
  });
  return { ...source, notReady: () => notReady };
}
