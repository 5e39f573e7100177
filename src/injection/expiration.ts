// The lifetime of one pod's token.
import { asArray, asObject, asString, type JsonObject } from '../identity/json.ts';
import { jitteredExpirationSeconds, spreadExpirationOf } from '../identity/token-jitter.ts';
import type { Grant } from './grant.ts';

/**
 * Returns the token's lifetime in seconds. What is spread depends on nothing but the pod: pods of one controller have
 * no name of their own yet, but the API server has given each a volume with a random name for its own token.
 */
export function podExpirationSeconds(
  pod: JsonObject | undefined,
  spec: JsonObject,
  seconds: number,
  spread: Grant['spread'],
): number {
  if (spread === 'none') return seconds;
  const metadata = asObject(pod?.['metadata']);
  const volumes = (asArray(spec['volumes']) ?? []).map((volume) => asObject(volume)?.['name']);
  const names = [spec['serviceAccountName'], metadata?.['name'], metadata?.['generateName'], ...volumes];
  const seed = names.map((name) => asString(name) ?? '').join('/');
  return spread === 'day' ? jitteredExpirationSeconds(seconds, seed) : spreadExpirationOf(seconds, seed);
}
