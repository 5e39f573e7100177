// The variables that a container gets, and which of them it brings itself.
import type { Identity } from '../identity/identity.ts';
import { asObject } from '../identity/json.ts';

const stsRegionalEndpoints = 'AWS_STS_REGIONAL_ENDPOINTS';
const defaultRegion = 'AWS_DEFAULT_REGION';
const region = 'AWS_REGION';
const roleArn = 'AWS_ROLE_ARN';
/** Names the file with the token. */
export const webIdentityTokenFile = 'AWS_WEB_IDENTITY_TOKEN_FILE';

/** The variables of ours that a container has before we add any, by name; the last of a name counts, as at run time. */
export type OwnVariables = ReadonlyMap<string, unknown>;

/** One entry of `env`. */
export type EnvironmentVariable = { readonly name: string; readonly value: string };

const ourNames: ReadonlySet<unknown> = new Set([
  stsRegionalEndpoints,
  defaultRegion,
  region,
  roleArn,
  webIdentityTokenFile,
]);

/** Returns the variables of ours that an `env` list has already. A value is undefined where it comes by `valueFrom`. */
export function readOwnVariables(env: readonly unknown[]): OwnVariables {
  const own = new Map<string, unknown>();
  for (const entry of env) {
    const variable = asObject(entry);
    const name = variable?.['name'];
    if (typeof name === 'string' && ourNames.has(name)) own.set(name, variable?.['value']);
  }
  return own;
}

/** Returns the identity variables that a container sets itself; one of the pair keeps both from being added. */
export function ownIdentityVariables(own: OwnVariables): readonly string[] {
  return [roleArn, webIdentityTokenFile].filter((name) => own.has(name));
}

/** Returns whether a container sets every kind of variable itself; the Go webhook then adds nothing, no mount either. */
export function isComplete(own: OwnVariables): boolean {
  return ownIdentityVariables(own).length > 0 && hasRegion(own) && own.has(stsRegionalEndpoints);
}

/** Returns whether the identity variables are ours: yet to be added, or there with the very values that we would add. */
export function identityIsOurs(own: OwnVariables, identity: Identity, tokenFile: string): boolean {
  if (ownIdentityVariables(own).length === 0) return true;
  return own.get(roleArn) === identity.roleArn && own.get(webIdentityTokenFile) === tokenFile;
}

/**
 * Returns what is missing, in the Go webhook's order. One variable of the region pair, or one of the identity pair,
 * keeps both of its pair from being added.
 */
export function missingVariables(
  own: OwnVariables,
  wanted: { readonly identity: Identity; readonly region: string; readonly tokenFile: string },
): EnvironmentVariable[] {
  const missing: EnvironmentVariable[] = [];
  if (wanted.identity.regionalSts && !own.has(stsRegionalEndpoints)) {
    missing.push({ name: stsRegionalEndpoints, value: 'regional' });
  }
  if (wanted.region !== '' && !hasRegion(own)) {
    missing.push({ name: defaultRegion, value: wanted.region }, { name: region, value: wanted.region });
  }
  if (ownIdentityVariables(own).length === 0) {
    missing.push(
      { name: roleArn, value: wanted.identity.roleArn },
      { name: webIdentityTokenFile, value: wanted.tokenFile },
    );
  }
  return missing;
}

function hasRegion(own: OwnVariables): boolean {
  return own.has(region) || own.has(defaultRegion);
}
