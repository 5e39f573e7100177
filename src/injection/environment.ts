// The variables that a container gets, and which of them it brings itself.
import { asObject, type JsonObject } from '../identity/json.ts';
import type { CredentialPair } from './grant.ts';
import type { RoleSession } from './role-session.ts';

const stsRegionalEndpoints = 'AWS_STS_REGIONAL_ENDPOINTS';
const defaultRegion = 'AWS_DEFAULT_REGION';
const region = 'AWS_REGION';
const roleSessionName = 'AWS_ROLE_SESSION_NAME';
const sdkLoadConfig = 'AWS_SDK_LOAD_CONFIG';
const useFipsEndpoint = 'AWS_USE_FIPS_ENDPOINT';
const useDualstackEndpoint = 'AWS_USE_DUALSTACK_ENDPOINT';

/** The AWS_* variables that a container has before we add any, by name; the last of a name counts, as at run time. */
export type OwnVariables = ReadonlyMap<string, unknown>;

/** One entry of `env`. */
export type EnvironmentVariable =
  { readonly name: string; readonly value: string } | { readonly name: string; readonly valueFrom: JsonObject };

/**
 * Returns the AWS_* variables that a container has already: those of `envFrom`, as far as somebody has read them, under
 * those of `env`, as the kubelet has it. A value is undefined where it comes by `valueFrom`.
 */
export function readOwnVariables(env: readonly unknown[], fromElsewhere?: OwnVariables): OwnVariables {
  const own = new Map<string, unknown>(fromElsewhere);
  for (const entry of env) {
    const variable = asObject(entry);
    const name = variable?.['name'];
    if (typeof name === 'string' && name.startsWith('AWS_')) own.set(name, variable?.['value']);
  }
  return own;
}

/** Returns those of the pair's that a container sets itself; one of them keeps both of the pair from being added. */
export function ownCredentialVariables(own: OwnVariables, pair: CredentialPair): readonly string[] {
  return [pair.name, pair.fileVariable, ...pair.conflicting].filter((name) => own.has(name));
}

/** Returns whether a container sets every kind of variable itself; the Go webhook then adds nothing, no mount either. */
export function isComplete(own: OwnVariables, pair: CredentialPair): boolean {
  return ownCredentialVariables(own, pair).length > 0 && hasRegion(own) && own.has(stsRegionalEndpoints);
}

/** Returns whether the pair is ours: yet to be added, or there with the very values that we would add. */
export function pairIsOurs(own: OwnVariables, pair: CredentialPair, file: string): boolean {
  if (ownCredentialVariables(own, pair).length === 0) return true;
  if (pair.conflicting.some((name) => own.has(name))) return false;
  return own.get(pair.name) === pair.value && own.get(pair.fileVariable) === file;
}

/** What a container should have. */
export type WantedVariables = {
  readonly pair: CredentialPair;
  /** What the second variable of the pair names. */
  readonly file: string;
  readonly regionalSts: boolean;
  /** Empty: no region is given. */
  readonly region: string;
  readonly useFipsEndpoint: boolean;
  readonly useDualstackEndpoint: boolean;
  /** Undefined: the SDK makes a name up. */
  readonly roleSession: RoleSession | undefined;
};

/**
 * Returns what is missing, in the Go webhook's order and, behind it, what that one does not know. One variable of the
 * region pair, or one of the credential pair, keeps both of its pair from being added; a session's name goes with its role.
 */
export function missingVariables(own: OwnVariables, wanted: WantedVariables): EnvironmentVariable[] {
  const { pair, file, region: value } = wanted;
  const missing: EnvironmentVariable[] = [];
  if (wanted.regionalSts) missing.push({ name: stsRegionalEndpoints, value: 'regional' });
  if (value !== '' && !hasRegion(own)) missing.push({ name: defaultRegion, value }, { name: region, value });
  if (ownCredentialVariables(own, pair).length === 0) {
    missing.push({ name: pair.name, value: pair.value }, { name: pair.fileVariable, value: file });
    // Old SDKs read no config without it, and would take the role of the node.
    if (pair.namesConfig) missing.push({ name: sdkLoadConfig, value: '1' });
  }
  if (wanted.roleSession !== undefined && !pair.namesConfig && pairIsOurs(own, pair, file)) {
    missing.push({ name: roleSessionName, ...wanted.roleSession });
  }
  if (wanted.useFipsEndpoint) missing.push({ name: useFipsEndpoint, value: 'true' });
  if (wanted.useDualstackEndpoint) missing.push({ name: useDualstackEndpoint, value: 'true' });
  return missing.filter(({ name }) => !own.has(name));
}

function hasRegion(own: OwnVariables): boolean {
  return own.has(region) || own.has(defaultRegion);
}
