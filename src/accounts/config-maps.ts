// Reads the ConfigMaps that a pod's envFrom names, for `--respect-env-from`.
import { asObject, type JsonObject } from '../identity/json.ts';
import { KubernetesError } from '../kubernetes/errors.ts';
import { parseApiObject } from '../kubernetes/objects.ts';
import type { ApiResponse, Transport } from '../kubernetes/transport.ts';
import type { Deadline, LookupFault } from './lookup.ts';

/** Which ConfigMaps are meant. */
export type ConfigMapNames = { readonly namespace: string; readonly names: readonly string[] };

/** The data of ConfigMaps by name; undefined for one that does not exist. */
export type ConfigMapData = ReadonlyMap<string, JsonObject | undefined>;

/** Reads ConfigMaps; the promise never rejects and is kept by the deadline. Names that are missing were not read. */
export type ReadConfigMaps = (asked: ConfigMapNames, deadline: Deadline) => Promise<ConfigMapData | LookupFault>;

/** ConfigMaps read for one pod; a pod of more is told that `env` wins, as without the flag. */
const maxConfigMaps = 16;
/** A name that the API server takes for an object of these kinds (RFC 1123 subdomain). */
const objectName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** What reading needs. */
export type ConfigMapOptions = {
  readonly api: Pick<Transport, 'get'>;
  /** Milliseconds on the clock of deadlines. */
  readonly now: () => number;
};

/**
 * Returns the reader: one live GET for each ConfigMap. What cannot be read is our fault, and the review fails: a variable
 * that would have kept the identity away may stand there.
 */
export function createConfigMapReader({ api, now }: ConfigMapOptions): ReadConfigMaps {
  return async ({ namespace, names }, deadline) => {
    const asked = names.filter((name) => objectName.test(name)).slice(0, maxConfigMaps);
    if (!objectName.test(namespace)) return new Map();
    const timeoutMs = Math.max(0, Math.ceil(deadline.atMs - now()));
    const signal = deadline.callerGone();
    const read = async (name: string): Promise<[string, JsonObject | undefined]> => {
      const response = await api.get(`/api/v1/namespaces/${namespace}/configmaps/${name}`, { timeoutMs, signal });
      return [name, readData(response, namespace, name)];
    };
    try {
      return new Map(await Promise.all(asked.map(read)));
    } catch (error) {
      return faultOf(error, namespace);
    }
  };
}

/** The API server did not answer with the ConfigMap, nor that there is none. */
class ConfigMapError extends Error {
  override readonly name = 'ConfigMapError';
  readonly code = 'ERR_CONFIG_MAP';
}

function readData({ status, body }: ApiResponse, namespace: string, name: string): JsonObject | undefined {
  const object = parseApiObject(body);
  const metadata = asObject(object?.['metadata']);
  if (status === 200 && object?.['kind'] === 'ConfigMap' && metadata?.['name'] === name) {
    return asObject(object['data']) ?? {};
  }
  if (status === 404 && object?.['reason'] === 'NotFound') return undefined;
  throw new ConfigMapError(`expected ConfigMap ${namespace}/${name}, got an answer of status ${String(status)}`);
}

function faultOf(error: unknown, namespace: string): LookupFault {
  const late = error instanceof KubernetesError && error.code === 'ERR_KUBERNETES_TIMEOUT';
  const detail = error instanceof Error ? error.message : String(error);
  return {
    kind: 'fault',
    reason: late ? 'lookup_timeout' : 'lookup_failed',
    message: `cannot read the ConfigMaps of envFrom in namespace ${namespace}, which --respect-env-from needs`,
    detail,
  };
}
