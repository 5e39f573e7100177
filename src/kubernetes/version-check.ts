// Tells whether a watch can go on from where it stands, or the API server has gone back behind that.

import { singleObjectMaxBytes } from './list.ts';
import { parseApiObject, resourceVersionOf } from './objects.ts';
import { readRefusal } from './refusal.ts';
import type { ApiResponse, Transport } from './transport.ts';

/** What asking needs. */
export type VersionCheckOptions = {
  readonly api: Pick<Transport, 'get'>;
  /** The collection, for messages. */
  readonly path: string;
  /** Returns the collection's path with its selector and these parameters. */
  readonly pathWith: (parameters: Readonly<Record<string, string>>) => string;
  readonly pageTimeoutMs: number;
  readonly signal: AbortSignal;
};

/** What the API server says of a version. */
export type VersionCheck =
  | { readonly kind: 'good' }
  /** It has never been at that version: only a new list helps. */
  | { readonly kind: 'went_back'; readonly message: string }
  /** It could not say; to be asked again later. */
  | { readonly kind: 'failed'; readonly message: string; readonly retryAfterMs: number };

/**
 * Compares `resourceVersion` with that of the collection now, by a list of one object. An etcd that was restored or
 * emptied starts at lower versions; the API server takes a watch from a version that is yet to come, and says nothing in
 * it until that is reached, so that all changes up to there would be missed. Rejects with a KubernetesError.
 */
export async function checkVersion(options: VersionCheckOptions, resourceVersion: string): Promise<VersionCheck> {
  const { api, path, pathWith, pageTimeoutMs: timeoutMs, signal } = options;
  const response = await api.get(pathWith({ limit: '1' }), { timeoutMs, signal, maxBodyBytes: singleObjectMaxBytes });
  // A 403 as well: who asks while rights are being made anew would be let watch a moment later, from a version that is to come.
  if (response.status !== 200) {
    const { message, retryAfterMs } = readRefusal(response);
    return { kind: 'failed', message: `Expected the version of ${path}, got ${message}`, retryAfterMs };
  }
  const current = versionOf(response);
  if (current === undefined || !isLower(current, resourceVersion)) return { kind: 'good' };
  const message = `Expected ${path} at version ${resourceVersion} or later, got ${current}: the API server has gone back`;
  return { kind: 'went_back', message };
}

/** Undefined where the answer is no list; what is wrong then, the watch is told as well. */
function versionOf({ body }: ApiResponse): string | undefined {
  const list = parseApiObject(body);
  return list && resourceVersionOf(list);
}

/** Versions are decimal numbers without leading zeros (KEP-5504); others cannot be compared. */
function isLower(version: string, than: string): boolean {
  const areNumbers = /^\d+$/.test(version) && /^\d+$/.test(than);
  return areNumbers && BigInt(version) < BigInt(than);
}
