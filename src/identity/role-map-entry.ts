// One entry of the role map: from its JSON to the identity that it promises.
import type { Identity, IdentityDefaults, NoIdentity } from './identity.ts';
import { asObject } from './json.ts';
import { foldFieldName, kindOfJson } from './go-json.ts';
import { isRoleArn } from './role-arn.ts';
import { entryError } from './role-map-error.ts';
import type { RoleMapKey } from './role-map-key.ts';
import { parseTokenExpiration } from './token-expiration.ts';
import { fitWarning, quote } from './warning.ts';

/** Why an entry of the map promises nothing: it has no role, and hides less specific entries. */
export type NoRoleInMapReason = 'blank_role_map_entry';

/** What the map says of the accounts that its key is for. */
export type RoleMapEntry = {
  readonly key: RoleMapKey;
  readonly promise: Identity | NoIdentity<NoRoleInMapReason>;
  /** Here too, and not only in an identity: container credentials take it from an entry without a role as well. */
  readonly regionalSts: boolean;
  /** Lifetime of the token; here too for the same reason. */
  readonly tokenExpirationSeconds: number;
};

/** What stands in an entry; a field that is missing or null is undefined. */
type Fields = { roleArn?: string; audience?: string; regionalSts?: boolean; tokenExpiration?: number };

/** Adds one warning about the entry; `fault` gets the length that a value it quotes may have. */
type Warn = (fault: (quotedLength: number) => string, consequence: string) => void;

/**
 * Returns the entry whose value has this JSON. Fields are named in any letter case, of two that mean the same the last
 * counts, null counts as missing and unknown ones are passed over, all as Go's encoding/json has it. Throws a
 * {@link RoleMapError} where the value or a field has a wrong type.
 *
 * Precedence: entry > flag. Only the expiration follows the flag in the Go webhook (pkg/cache/cache.go,
 * populateCacheFromCM); without an audience it makes a token for the API server itself.
 */
export function parseRoleMapEntry(key: RoleMapKey, value: unknown, defaults: IdentityDefaults): RoleMapEntry {
  const fields = readFields(key, value);
  const warnings: string[] = [];
  const warn: Warn = (fault, consequence) => {
    warnings.push(
      fitWarning((length) => `ConfigMap entry ${quote(key.text, length)}: ${fault(length)}; ${consequence}`),
    );
  };

  const { roleArn = '', regionalSts = defaults.regionalSts } = fields;
  const common = { regionalSts, tokenExpirationSeconds: expirationOf(fields, defaults, warn) };
  if (roleArn.trim() === '') {
    // An empty role is how an account is exempted from a glob; white space is a slip.
    if (roleArn !== '') warn(() => 'RoleARN is blank', 'no identity is given');
    return { key, ...common, promise: { kind: 'none', reason: 'blank_role_map_entry', warnings } };
  }
  // As with the annotation: STS, not this program, says no to a wrong one.
  if (!isRoleArn(roleArn)) {
    warn((length) => `RoleARN ${quote(roleArn, length)} is not the ARN of a role`, 'it is given as it is');
  }
  const audience = audienceOf(fields, defaults, warn);
  return { key, ...common, promise: { kind: 'identity', roleArn, audience, ...common, warnings } };
}

function audienceOf({ audience = '' }: Fields, defaults: IdentityDefaults, warn: Warn): string {
  if (audience.trim() !== '') return audience;
  // To Go's encoding/json, missing and empty are the same.
  if (audience !== '') warn(() => 'Audience is blank', `${defaults.audience} is used`);
  return defaults.audience;
}

function expirationOf({ tokenExpiration }: Fields, defaults: IdentityDefaults, warn: Warn): number {
  const { tokenExpirationSeconds } = defaults;
  // 0 is missing, too (the Go webhook's, pkg/cache/cache.go, populateCacheFromCM).
  if (tokenExpiration === undefined || tokenExpiration === 0) return tokenExpirationSeconds;
  // As far as a double holds it exactly; what is beyond is out of range all the same.
  const bounded = Math.min(Math.max(tokenExpiration, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  const { seconds, problem } = parseTokenExpiration(String(bounded), tokenExpirationSeconds);
  if (problem !== undefined)
    warn(() => `TokenExpiration ${String(tokenExpiration)} ${problem}`, `${String(seconds)} is used`);
  return seconds;
}

function readFields(key: RoleMapKey, value: unknown): Fields {
  const object = asObject(value);
  if (object === undefined) throw entryError(key.text, 'an object', kindOfJson(value));
  const fields: Fields = {};
  for (const [name, member] of Object.entries(object)) {
    // Go leaves the field as it is, which may be as an earlier member had it.
    if (member !== null) readField(fields, key, foldFieldName(name), member);
  }
  return fields;
}

function readField(fields: Fields, key: RoleMapKey, name: string, value: unknown): void {
  switch (name) {
    case 'rolearn':
      fields.roleArn = readString(key, 'RoleARN', value);
      break;
    case 'audience':
      fields.audience = readString(key, 'Audience', value);
      break;
    case 'useregionalsts':
      fields.regionalSts = readBoolean(key, value);
      break;
    case 'tokenexpiration':
      fields.tokenExpiration = readInteger(key, value);
      break;
    default:
  }
}

function readString(key: RoleMapKey, field: string, value: unknown): string {
  if (typeof value !== 'string') throw entryError(key.text, `a string as ${field}`, kindOfJson(value));
  return value;
}

function readBoolean(key: RoleMapKey, value: unknown): boolean {
  if (typeof value !== 'boolean') throw entryError(key.text, 'true or false as UseRegionalSTS', kindOfJson(value));
  return value;
}

function readInteger(key: RoleMapKey, value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    const got = typeof value === 'number' ? `the number ${String(value)}` : kindOfJson(value);
    throw entryError(key.text, 'a whole number of seconds as TokenExpiration', got);
  }
  return value;
}
