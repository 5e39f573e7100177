// Reads and writes the Secret that holds the authorities.
import { isApiObject, parseApiObject, resourceVersionOf } from '../kubernetes/objects.ts';
import { readRefusal } from '../kubernetes/refusal.ts';
import type { ApiResponse, Transport } from '../kubernetes/transport.ts';
import {
  type AuthorityReading,
  type AuthorityState,
  readAuthorityState,
  writeAuthorityState,
} from './authority-secret.ts';

const timeoutMs = 5_000;

/** The Secret as it is at the API server. */
export type SecretReading = AuthorityReading & {
  /** What a write must be based on; undefined where there is no Secret. */
  readonly resourceVersion: string | undefined;
  /** What the API server's clock said, to the second, in milliseconds since 1970. */
  readonly serverTimeMs: number | undefined;
};

/** The Secret. Both reject with one sentence where the API server does not do it. */
export type SecretStore = {
  /** Reads it live. */
  readonly read: () => Promise<SecretReading>;
  /** Returns whether the state was written: not where the Secret has changed since it was read. */
  readonly write: (state: AuthorityState, since: SecretReading) => Promise<boolean>;
};

/** What the Secret is reached by. */
export type SecretStoreOptions = {
  readonly api: Pick<Transport, 'get' | 'patch' | 'post'>;
  readonly namespace: string;
  readonly name: string;
};

/** Returns the Secret's path without its name. */
export function secretsPath(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
}

/** Returns the store. A Secret that is there keeps its type, and all keys that are not ours. */
export function createSecretStore({ api, namespace, name }: SecretStoreOptions): SecretStore {
  const collection = secretsPath(namespace);
  const path = `${collection}/${encodeURIComponent(name)}`;
  return {
    async read() {
      const answer = await api.get(path, { timeoutMs });
      const serverTimeMs = serverTime(answer);
      if (answer.status === 404) return { ...readAuthorityState({}), resourceVersion: undefined, serverTimeMs };
      const secret = answer.status === 200 ? parseApiObject(answer.body) : undefined;
      const resourceVersion = secret && resourceVersionOf(secret);
      if (secret === undefined || resourceVersion === undefined) {
        throw new Error(`Expected the Secret ${namespace}/${name}, got ${readRefusal(answer).message}`);
      }
      const data = isApiObject(secret['data']) ? secret['data'] : {};
      return { ...readAuthorityState(data), resourceVersion, serverTimeMs };
    },
    async write(state, { resourceVersion }) {
      const data = writeAuthorityState(state);
      const answer =
        resourceVersion === undefined
          ? await api.post(collection, createSecret(namespace, name, data), { timeoutMs })
          : await api.patch(path, { metadata: { resourceVersion }, data }, { timeoutMs });
      if (answer.status === 200 || answer.status === 201) return true;
      // Somebody else was faster: it exists, has changed, or is gone.
      if (answer.status === 409 || (answer.status === 404 && resourceVersion !== undefined)) return false;
      throw new Error(`Expected the Secret ${namespace}/${name} to be written, got ${readRefusal(answer).message}`);
    },
  };
}

/** Go's server writes the header with every answer. */
function serverTime({ headers }: ApiResponse): number | undefined {
  const time = Date.parse(headers.date ?? '');
  return Number.isNaN(time) ? undefined : time;
}

function createSecret(namespace: string, name: string, data: Readonly<Record<string, string | null>>): object {
  const present = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null));
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type: 'Opaque', data: present };
}
