// All that a replica knows of who is promised what, as JSON for a person who looks for a fault.
import type { ContainerCredentialsAccounts } from '../identity/container-credentials.ts';
import type { RoleMap } from '../identity/role-map.ts';
import type { Answer } from './lookup.ts';

/** What is known at a moment. */
export type KnownPromises = {
  /** By `namespace/name`. */
  readonly accounts: Iterable<readonly [name: string, answer: Answer]>;
  readonly roleMap: RoleMap | undefined;
  readonly containerCredentials: ContainerCredentialsAccounts;
};

/**
 * Returns the JSON in pieces, one line an account, so that nobody has to hold the whole: three objects, by the names of
 * accounts or of keys in the map. The fields of an entry are the Go webhook's (pkg/cache/cache.go, Entry).
 */
export function* describePromises({ accounts, roleMap, containerCredentials }: KnownPromises): Iterable<string> {
  yield '{\n"serviceAccounts": {';
  yield* members(accounts, ([, answer]) => describeAnswer(answer));
  yield '\n},\n"roleMap": {';
  const entries = roleMap ? [...roleMap.exact.values(), ...roleMap.anyNamespace.values(), ...roleMap.globs] : [];
  yield* members(
    entries.map(({ key, promise }) => [key.text, promise] as const),
    ([, promise]) => describeAnswer(promise),
  );
  yield '\n},\n"containerCredentials": {';
  yield* members(containerCredentials, ([, names]) => [...names]);
  yield '\n}\n}\n';
}

function* members<Entry extends readonly [string, unknown]>(
  entries: Iterable<Entry>,
  describe: (entry: Entry) => unknown,
): Iterable<string> {
  let separator = '\n';
  for (const entry of entries) {
    yield `${separator}${JSON.stringify(entry[0])}: ${JSON.stringify(describe(entry))}`;
    separator = ',\n';
  }
}

function describeAnswer(answer: Answer): object {
  if (answer.kind !== 'identity')
    return { reason: answer.kind === 'container_credentials' ? answer.kind : answer.reason };
  const { roleArn = '', containerRoles, target, audience, regionalSts, tokenExpirationSeconds, warnings } = answer;
  return {
    RoleARN: roleArn,
    Audience: audience,
    UseRegionalSTS: regionalSts,
    TokenExpiration: tokenExpirationSeconds,
    ...(containerRoles && { containerRoles: Object.fromEntries(containerRoles) }),
    ...(target && { targetRoleARN: target.roleArn }),
    ...(warnings.length > 0 && { warnings }),
  };
}
