// Turns the annotations of a service account into the identity that they promise.
import { type AnnotationReader, createAnnotationReader } from './annotation-reader.ts';
import { annotationNames } from './annotations.ts';
import { composeRoleArn, isRoleName, type RoleOwner } from './compose-role-arn.ts';
import { type ContainerRoles, parseContainerRoles } from './container-roles.ts';
import { type InjectionOptions, readInjectionOptions } from './injection-options.ts';
import type { JsonObject } from './json.ts';
import { isRoleArn } from './role-arn.ts';
import { findRoleTypo } from './role-typo.ts';
import { readTargetRole, type TargetRole } from './target-role.ts';

/** What applies where an account's annotations are silent; each field is the flag of about that name. */
export type IdentityDefaults = {
  readonly annotationPrefix: string;
  readonly audience: string;
  readonly regionalSts: boolean;
  readonly tokenExpirationSeconds: number;
  /**
   * Where roles are that an annotation names without an ARN (`--compose-role-arn`); undefined: such a name is wrong;
   * `later`: nobody knows yet, and an identity with such a name says what to do once the owner is known.
   */
  readonly roleOwner?: RoleOwner | 'later';
};

/** What an account says of tokens and SDKs whether or not it names a role. */
export type AccountPreferences = {
  /** Whether AWS_STS_REGIONAL_ENDPOINTS=regional is given. */
  readonly regionalSts: boolean;
  /** Lifetime of the token; a pod's own annotation is stronger. */
  readonly tokenExpirationSeconds: number;
  /** Absent where nothing is asked for. */
  readonly options?: InjectionOptions;
};

/** An AWS identity that a service account promises to its pods (IAM Roles for Service Accounts). */
export type Identity = AccountPreferences & {
  readonly kind: 'identity';
  /** As the annotation has it: STS, not this program, says no to a wrong one. Undefined: only `containerRoles` count. */
  readonly roleArn: string | undefined;
  /** Roles of containers that do not get `roleArn`. */
  readonly containerRoles?: ContainerRoles;
  /** The role that `roleArn` goes on to, in another account perhaps. */
  readonly target?: TargetRole;
  /** Audience of the token (`aud`). */
  readonly audience: string;
  /** One line each, for the person who creates the pod. */
  readonly warnings: readonly string[];
  /** Only where a role is named without an ARN and its owner is not known: not to be used before it was called. */
  readonly withOwner?: (owner: RoleOwner) => Identity | NoIdentity<NoRoleReason>;
};

/** Credentials that an agent on the node gives to the account's pods (EKS Pod Identity). */
export type ContainerCredentials = AccountPreferences & {
  readonly kind: 'container_credentials';
  readonly warnings: readonly string[];
};

/** No identity is promised, and why. */
export type NoIdentity<Reason extends string> = {
  readonly kind: 'none';
  readonly reason: Reason;
  readonly warnings: readonly string[];
  /** Where there is an account: other sources of credentials go by it. */
  readonly preferences?: AccountPreferences;
};

/** Why an account's annotations promise nothing. */
export type NoRoleReason = 'no_role_annotation' | 'blank_role_annotation';

/**
 * Returns what the annotations promise. Nothing in them makes this throw: where a value is wrong the default applies
 * and a warning names the annotation, what was found and what is used.
 *
 * Precedence (the Go webhook's): annotation > flag. A role that is not an ARN is kept, with a warning, as there: a pod
 * that AWS refuses loudly beats one that runs as its node. A blank one is no role.
 */
export function parseIdentity(
  annotations: JsonObject | undefined,
  defaults: IdentityDefaults,
): Identity | NoIdentity<NoRoleReason> {
  const { roleOwner, ...others } = defaults;
  const parseFor = (owner: RoleOwner | undefined) =>
    parseWithOwner(annotations, { ...others, ...(owner && { roleOwner: owner }) });
  if (roleOwner !== 'later') return parseFor(roleOwner);
  const named = parseFor(undefined);
  if (named.kind === 'none' || ![named.roleArn ?? '', ...(named.containerRoles?.values() ?? [])].some(isRoleName)) {
    return named;
  }
  // What is wrong besides, such as a name that makes no ARN for anybody, can be told already.
  return { ...named, warnings: parseFor(anyOwner).warnings, withOwner: parseFor };
}

/** An account that nobody has. */
const anyOwner: RoleOwner = { accountId: '000000000000', partition: 'aws' };

type DefaultsWithOwner = Omit<IdentityDefaults, 'roleOwner'> & { readonly roleOwner?: RoleOwner };

function parseWithOwner(
  annotations: JsonObject | undefined,
  defaults: DefaultsWithOwner,
): Identity | NoIdentity<NoRoleReason> {
  const { annotationPrefix, roleOwner } = defaults;
  const reader = createAnnotationReader(annotations, { owner: 'account', annotationPrefix });
  const named = reader.read(annotationNames.roleArn);
  const roleArn = named === undefined ? undefined : readRole(reader, named, roleOwner);
  const containerRoles = readContainerRoles(reader, roleOwner);
  const target = readTargetRole(reader, roleArn);
  // Read so far is what names a role, and what is wrong with that matters even where there is none in the end.
  const roleWarnings = [...reader.warnings];
  const audience = readAudience(reader, defaults);
  const preferences = readPreferences(reader, defaults);

  if (roleArn !== undefined || containerRoles !== undefined) {
    const roles = { roleArn, ...(containerRoles && { containerRoles }), ...(target && { target }) };
    return { kind: 'identity', ...roles, audience, ...preferences, warnings: reader.warnings };
  }
  // Without a role nobody waits for an identity: only what was meant to name one is worth a warning.
  if (named !== undefined)
    return { kind: 'none', reason: 'blank_role_annotation', warnings: roleWarnings, preferences };
  const typo = findRoleTypo(annotations, annotationPrefix);
  const warnings = typo === undefined ? roleWarnings : [typo, ...roleWarnings];
  return { kind: 'none', reason: 'no_role_annotation', warnings, preferences };
}

/** Returns the role that a text names, in full; undefined, with a warning, where it is blank. */
function readRole({ warn }: AnnotationReader, named: string, roleOwner: RoleOwner | undefined): string | undefined {
  const roleArn = roleOwner === undefined ? named : composeRoleArn(named, roleOwner);
  if (roleArn.trim() === '') {
    warn(annotationNames.roleArn, roleArn, 'is blank', 'no identity is given');
    return undefined;
  }
  if (!isRoleArn(roleArn)) {
    warn(annotationNames.roleArn, roleArn, 'is not the ARN of a role', 'it is given as it is');
  }
  return roleArn;
}

function readContainerRoles(
  { read, warn }: AnnotationReader,
  roleOwner: RoleOwner | undefined,
): ContainerRoles | undefined {
  const text = read(annotationNames.containerRoles);
  if (text === undefined) return undefined;
  const named = parseContainerRoles(text);
  if ('problem' in named) {
    warn(annotationNames.containerRoles, text, named.problem, 'it is passed over');
    return undefined;
  }
  const roles = new Map([...named].map(([name, role]) => [name, roleOwner ? composeRoleArn(role, roleOwner) : role]));
  const wrong = [...roles.values()].find((role) => !isRoleArn(role));
  if (wrong !== undefined) {
    warn(annotationNames.containerRoles, wrong, 'is not the ARN of a role', 'it is given as it is');
  }
  return roles;
}

function readAudience({ read, warn }: AnnotationReader, defaults: IdentityDefaults): string {
  const audience = read(annotationNames.audience) ?? defaults.audience;
  if (audience.trim() !== '') return audience;
  // A token without an audience is one for the API server itself, in the hands of AWS.
  warn(annotationNames.audience, audience, 'is blank', `${defaults.audience} is used`);
  return defaults.audience;
}

function readPreferences(reader: AnnotationReader, defaults: IdentityDefaults): AccountPreferences {
  const regionalSts = readRegionalSts(reader, defaults.regionalSts);
  const tokenExpirationSeconds = reader.readExpiration(defaults.tokenExpirationSeconds);
  const options = readInjectionOptions(reader);
  return { regionalSts, tokenExpirationSeconds, ...(Object.keys(options).length > 0 && { options }) };
}

function readRegionalSts({ read, readBoolean, warn }: AnnotationReader, fallback: boolean): boolean {
  const { stsRegionalEndpoint: slip, stsRegionalEndpoints: name } = annotationNames;
  const consequence = `${String(fallback)} is used`;
  const slipText = read(slip);
  if (read(name) !== undefined || slipText === undefined) return readBoolean(name, consequence) ?? fallback;
  const value = readBoolean(slip, consequence);
  if (value !== undefined) warn(slip, slipText, `is meant for ${name}`, 'it counts all the same');
  return value ?? fallback;
}
