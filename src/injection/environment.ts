// The variables that a container gets, and which of them it brings itself.
import { asObject } from '../identity/json.ts';
import type { CredentialPair } from './grant.ts';

const stsRegionalEndpoints = 'AWS_STS_REGIONAL_ENDPOINTS';
const defaultRegion = 'AWS_DEFAULT_REGION';
const region = 'AWS_REGION';

/** The AWS_* variables that a container has before we add any, by name; the last of a name counts, as at run time. */
export type OwnVariables = ReadonlyMap<string, unknown>;

/** One entry of `env`. */
export type EnvironmentVariable = { readonly name: string; readonly value: string };

/** Returns the AWS_* variables that an `env` list has already. A value is undefined where it comes by `valueFrom`. */
export function readOwnVariables(env: readonly unknown[]): OwnVariables {
  const own = new Map<string, unknown>();
  for (const entry of env) {
    const variable = asObject(entry);
    const name = variable?.['name'];
    if (typeof name === 'string' && name.startsWith('AWS_')) own.set(name, variable?.['value']);
  }
  return own;
}

/** Returns those of the pair that a container sets itself; one of them keeps both from being added. */
export function ownCredentialVariables(own: OwnVariables, pair: CredentialPair): readonly string[] {
  return [pair.name, pair.tokenFileName].filter((name) => own.has(name));
}

/** Returns whether a container sets every kind of variable itself; the Go webhook then adds nothing, no mount either. */
export function isComplete(own: OwnVariables, pair: CredentialPair): boolean {
  return ownCredentialVariables(own, pair).length > 0 && hasRegion(own) && own.has(stsRegionalEndpoints);
}

/** Returns whether the pair is ours: yet to be added, or there with the very values that we would add. */
export function pairIsOurs(own: OwnVariables, pair: CredentialPair, tokenFile: string): boolean {
  if (ownCredentialVariables(own, pair).length === 0) return true;
  return own.get(pair.name) === pair.value && own.get(pair.tokenFileName) === tokenFile;
}

/** What a container should have. */
export type WantedVariables = {
  readonly pair: CredentialPair;
  readonly regionalSts: boolean;
  /** Empty: no region is given. */
  readonly region: string;
  readonly tokenFile: string;
};

/**
 * Returns what is missing, in the Go webhook's order. One variable of the region pair, or one of the credential pair,
 * keeps both of its pair from being added.
 */
export function missingVariables(own: OwnVariables, wanted: WantedVariables): EnvironmentVariable[] {
  const { pair, regionalSts, region: value, tokenFile } = wanted;
  const missing: EnvironmentVariable[] = [];
  if (regionalSts && !own.has(stsRegionalEndpoints)) missing.push({ name: stsRegionalEndpoints, value: 'regional' });
  if (value !== '' && !hasRegion(own)) missing.push({ name: defaultRegion, value }, { name: region, value });
  if (ownCredentialVariables(own, pair).length === 0) {
    missing.push({ name: pair.name, value: pair.value }, { name: pair.tokenFileName, value: tokenFile });
  }
  return missing;
}

function hasRegion(own: OwnVariables): boolean {
  return own.has(region) || own.has(defaultRegion);
}
