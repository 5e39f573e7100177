// Turns the annotations of a service account into the identity that they promise.
import { annotationNames } from './annotations.ts';
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
};

/** An AWS identity that a service account promises to its pods (IAM Roles for Service Accounts). */
export type Identity = {
  readonly kind: 'identity';
  /** As the annotation has it: STS, not this program, says no to a wrong one. */
  readonly roleArn: string;
  /** Audience of the token (`aud`). */
  readonly audience: string;
  /** Whether AWS_STS_REGIONAL_ENDPOINTS=regional is given. */
  readonly regionalSts: boolean;
  /** Lifetime of the token; a pod's own annotation is stronger. */
  readonly tokenExpirationSeconds: number;
  /** One line each, for the person who creates the pod. */
  readonly warnings: readonly string[];
};

/** No identity is promised, and why. */
export type NoIdentity<Reason extends string> = {
  readonly kind: 'none';
  readonly reason: Reason;
  readonly warnings: readonly string[];
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
  const { annotationPrefix } = defaults;
  const read = (name: string): string | undefined => asString(annotations?.[`${annotationPrefix}/${name}`]);

  const roleArn = read(annotationNames.roleArn);
  if (roleArn === undefined) return { kind: 'none', reason: 'no_role_annotation', warnings: [] };

  const warnings: string[] = [];
  const warn = (name: string, found: string, problem: string, consequence: string): void => {
    warnings.push(annotationWarning({ owner: 'account', annotationPrefix, name, found, problem, consequence }));
  };

  if (roleArn.trim() === '') {
    warn(annotationNames.roleArn, roleArn, 'is blank', 'no identity is given');
    return { kind: 'none', reason: 'blank_role_annotation', warnings };
  }
  if (!isRoleArn(roleArn)) warn(annotationNames.roleArn, roleArn, 'is not the ARN of a role', 'it is given as it is');

  let audience = read(annotationNames.audience) ?? defaults.audience;
  if (audience.trim() === '') {
    // A token without an audience is one for the API server itself, in the hands of AWS.
    warn(annotationNames.audience, audience, 'is blank', `${defaults.audience} is used`);
    audience = defaults.audience;
  }

  let { regionalSts } = defaults;
  const regionalStsText = read(annotationNames.stsRegionalEndpoints);
  if (regionalStsText !== undefined) {
    const parsed = parseBool(regionalStsText);
    if (parsed === undefined) {
      warn(annotationNames.stsRegionalEndpoints, regionalStsText, 'is not a boolean', `${String(regionalSts)} is used`);
    }
    regionalSts = parsed ?? regionalSts;
  }

  let { tokenExpirationSeconds } = defaults;
  const expirationText = read(annotationNames.tokenExpiration);
  if (expirationText !== undefined) {
    const { seconds, problem } = parseTokenExpiration(expirationText, tokenExpirationSeconds);
    if (problem !== undefined) {
      warn(annotationNames.tokenExpiration, expirationText, problem, `${String(seconds)} is used`);
    }
    tokenExpirationSeconds = seconds;
  }

  return { kind: 'identity', roleArn, audience, regionalSts, tokenExpirationSeconds, warnings };
}
