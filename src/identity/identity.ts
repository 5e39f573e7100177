// Turns the annotations of a service account into the identity that they promise.
import { annotationNames } from './annotations.ts';
import { composeRoleArn, type RoleOwner } from './compose-role-arn.ts';
import { parseBool } from './go-literals.ts';
import { asString, type JsonObject } from './json.ts';
import { isRoleArn } from './role-arn.ts';
import { parseTokenExpiration } from './token-expiration.ts';
import { annotationWarning } from './warning.ts';

/** What applies where an account's annotations are silent; each field is the flag of about that name. */
export type IdentityDefaults = {
  readonly annotationPrefix: string;
  readonly audience: string;
  readonly regionalSts: boolean;
  readonly tokenExpirationSeconds: number;
  /** Where roles are that an annotation names without an ARN (`--compose-role-arn`); undefined: such a name is wrong. */
  readonly roleOwner?: RoleOwner;
};

/** What an account says of tokens and STS whether or not it names a role. */
export type TokenPreferences = {
  /** Whether AWS_STS_REGIONAL_ENDPOINTS=regional is given. */
  readonly regionalSts: boolean;
  /** Lifetime of the token; a pod's own annotation is stronger. */
  readonly tokenExpirationSeconds: number;
};

/** An AWS identity that a service account promises to its pods (IAM Roles for Service Accounts). */
export type Identity = TokenPreferences & {
  readonly kind: 'identity';
  /** As the annotation has it: STS, not this program, says no to a wrong one. */
  readonly roleArn: string;
  /** Audience of the token (`aud`). */
  readonly audience: string;
  /** One line each, for the person who creates the pod. */
  readonly warnings: readonly string[];
};

/** Credentials that an agent on the node gives to the account's pods (EKS Pod Identity). */
export type ContainerCredentials = TokenPreferences & {
  readonly kind: 'container_credentials';
  readonly warnings: readonly string[];
};

/** No identity is promised, and why. */
export type NoIdentity<Reason extends string> = {
  readonly kind: 'none';
  readonly reason: Reason;
  readonly warnings: readonly string[];
  /** Where there is an account: other sources of credentials go by it. */
  readonly preferences?: TokenPreferences;
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
  const reader = createReader(annotations, defaults);
  const named = reader.read(annotationNames.roleArn);
  const { roleOwner } = defaults;
  const roleArn = named === undefined || roleOwner === undefined ? named : composeRoleArn(named, roleOwner);
  const isBlank = roleArn?.trim() === '';
  if (roleArn !== undefined && !isBlank && !isRoleArn(roleArn)) {
    reader.warn(annotationNames.roleArn, roleArn, 'is not the ARN of a role', 'it is given as it is');
  }
  const audience = readAudience(reader, defaults);
  const preferences = readPreferences(reader, defaults);

  // Without a role nobody waits for an identity, so that nothing else in the annotations is worth a warning.
  if (roleArn === undefined) return { kind: 'none', reason: 'no_role_annotation', warnings: [], preferences };
  if (isBlank) {
    const warnings = [reader.warning(annotationNames.roleArn, roleArn, 'is blank', 'no identity is given')];
    return { kind: 'none', reason: 'blank_role_annotation', warnings, preferences };
  }
  return { kind: 'identity', roleArn, audience, ...preferences, warnings: reader.warnings };
}

/** Reads annotations by their names without prefix, and collects what is wrong with them. */
type Reader = {
  readonly read: (name: string) => string | undefined;
  readonly warning: (name: string, found: string, problem: string, consequence: string) => string;
  readonly warn: (name: string, found: string, problem: string, consequence: string) => void;
  readonly warnings: readonly string[];
};

function createReader(annotations: JsonObject | undefined, { annotationPrefix }: IdentityDefaults): Reader {
  const warnings: string[] = [];
  const warning: Reader['warning'] = (name, found, problem, consequence) =>
    annotationWarning({ owner: 'account', annotationPrefix, name, found, problem, consequence });
  return {
    read: (name) => asString(annotations?.[`${annotationPrefix}/${name}`]),
    warning,
    warn: (...fault) => {
      warnings.push(warning(...fault));
    },
    warnings,
  };
}

function readAudience({ read, warn }: Reader, defaults: IdentityDefaults): string {
  const audience = read(annotationNames.audience) ?? defaults.audience;
  if (audience.trim() !== '') return audience;
  // A token without an audience is one for the API server itself, in the hands of AWS.
  warn(annotationNames.audience, audience, 'is blank', `${defaults.audience} is used`);
  return defaults.audience;
}

function readPreferences({ read, warn }: Reader, defaults: IdentityDefaults): TokenPreferences {
  let { regionalSts, tokenExpirationSeconds } = defaults;
  const regionalStsText = read(annotationNames.stsRegionalEndpoints);
  if (regionalStsText !== undefined) {
    const parsed = parseBool(regionalStsText);
    if (parsed === undefined) {
      warn(annotationNames.stsRegionalEndpoints, regionalStsText, 'is not a boolean', `${String(regionalSts)} is used`);
    }
    regionalSts = parsed ?? regionalSts;
  }
  const expirationText = read(annotationNames.tokenExpiration);
  if (expirationText !== undefined) {
    const { seconds, problem } = parseTokenExpiration(expirationText, tokenExpirationSeconds);
    if (problem !== undefined) {
      warn(annotationNames.tokenExpiration, expirationText, problem, `${String(seconds)} is used`);
    }
    tokenExpirationSeconds = seconds;
  }
  return { regionalSts, tokenExpirationSeconds };
}
