// Follows namespaces, to know at once which of them want their pods left alone.
import { asObject, type JsonObject } from '../identity/json.ts';
import { type OptOut, readOptOut } from '../identity/opt-out.ts';
import { createReflector, type ReflectorOptions } from '../kubernetes/reflector.ts';
import { isObjectName, type LiveReadOptions, readLive } from './live-read.ts';
import type { Deadline, LookupFault } from './lookup.ts';

/**
 * Answers whether a namespace opts its pods out: at once where the answer is at hand, else by a promise that never
 * rejects and is kept by the deadline. A fault is never to be taken for either answer.
 */
export type ReadNamespaceOptOut = (
  namespace: string,
  deadline: Deadline,
) => OptOut | LookupFault | Promise<OptOut | LookupFault>;

/** What following namespaces needs. */
export type NamespaceSourceOptions = Pick<ReflectorOptions<unknown>, 'api' | 'now' | 'random' | 'wait'> & {
  readonly annotationPrefix: string;
  readonly observer: {
    /** All namespaces are known for the first time. */
    readonly onSynced: () => void;
    /** The API server cannot be followed just now; what was read last stays. */
    readonly onError: (message: string) => void;
  };
};

/** Namespaces that are followed. */
export type NamespaceSource = { readonly readOptOut: ReadNamespaceOptOut; readonly stop: () => Promise<void> };

/**
 * Follows namespaces until stop(). Of each only the answer is kept. A namespace that is not known (there was no list yet,
 * or it has just been created) is read live; so is one that is being deleted, since the next of its name may differ. A
 * change counts as soon as the watch tells of it.
 */
export function createNamespaceSource(options: NamespaceSourceOptions): NamespaceSource {
  const { api, now, random, wait, annotationPrefix, observer } = options;
  let known: Map<string, OptOut> = new Map();
  const reflector = createReflector<OptOut | undefined>({
    api,
    now,
    random,
    wait,
    path: '/api/v1/namespaces',
    project: (namespace) => projectNamespace(namespace, annotationPrefix),
    store: {
      begin: () => {
        const next = new Map<string, OptOut>();
        return {
          add: ({ name }, optOut) => {
            put(next, name, optOut);
          },
          commit: () => {
            known = next;
          },
        };
      },
      set: ({ name }, optOut) => {
        put(known, name, optOut);
      },
      delete: ({ name }) => {
        known.delete(name);
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
  return {
    readOptOut: (namespace, deadline) => {
      const optOut = known.get(namespace);
      if (optOut !== undefined) return optOut;
      return isObjectName(namespace) ? ask(namespace, deadline, { api, now, annotationPrefix }) : stays;
    },
    stop: async () => reflector.stop(),
  };
}

/** One object for all namespaces of a kind: there may be tens of thousands. */
const stays: OptOut = { optedOut: false };
const isLeftAlone: OptOut = { optedOut: true };

function put(known: Map<string, OptOut>, name: string, optOut: OptOut | undefined): void {
  if (optOut === undefined) known.delete(name);
  else known.set(name, optOut);
}

/** Returns what is kept of a namespace; undefined of one that is being deleted. */
function projectNamespace(namespace: JsonObject, annotationPrefix: string): OptOut | undefined {
  const metadata = asObject(namespace['metadata']);
  if (metadata?.['deletionTimestamp'] !== undefined) return undefined;
  const optOut = readOptOut(metadata, { owner: 'namespace', annotationPrefix });
  if (optOut.warning !== undefined) return optOut;
  return optOut.optedOut ? isLeftAlone : stays;
}

async function ask(
  name: string,
  deadline: Deadline,
  { annotationPrefix, ...options }: LiveReadOptions & { readonly annotationPrefix: string },
): Promise<OptOut | LookupFault> {
  const kind = { kind: 'Namespace', resource: 'namespaces', namespace: undefined };
  const asked = { ...kind, path: `/api/v1/namespaces/${name}`, name, title: `namespace ${name}` };
  const answer = await readLive(asked, deadline, options);
  if (answer.kind === 'fault') return answer;
  // The API server itself refuses a pod in a namespace that is not there.
  if (answer.kind === 'absent') return stays;
  return readOptOut(asObject(answer.object['metadata']), { owner: 'namespace', annotationPrefix });
}
