// Finds what of an AWS identity is in a pod, whichever webhook put it there.
import type { ContainerCredentials, Identity } from '../../identity/identity.ts';
import { asArray, asObject, asString, type JsonObject } from '../../identity/json.ts';
import type { PlacedContainer } from '../../injection/containers.ts';
import { ownCredentialVariables, readOwnVariables } from '../../injection/environment.ts';
import { type CredentialPair, grantOf } from '../../injection/grant.ts';
import type { InjectionSettings } from '../../injection/settings.ts';
import { secondVolumeName } from '../../injection/token-volume.ts';

/** A token as its volume asks for it. */
export type ProjectedToken = {
  readonly volume: string;
  readonly audience: string;
  readonly expirationSeconds: number | undefined;
};

/** What there is of an identity; undefined is what there is not. */
export type IdentityTraces = {
  /** The role that is named first. */
  readonly role: string | undefined;
  /** The token in a volume of one of the names that the injection gives; others have tokens, too, such as a mesh's proxy. */
  readonly token: ProjectedToken | undefined;
  /** Where the first container finds it, or a config that names it. */
  readonly tokenFile: string | undefined;
  /** Whether there is anything of an identity at all. */
  readonly isAny: boolean;
};

/** Returns the traces in these containers and in the volumes of their pod. */
export function findTraces(
  spec: JsonObject,
  containers: readonly PlacedContainer[],
  identity: Identity,
  settings: InjectionSettings,
): IdentityTraces {
  const grants = [grantOf(identity, settings), grantOf(agentCredentials, settings)];
  const pairs = grants.flatMap(({ pair, containerPairs }) => [...(pair ? [pair] : []), ...containerPairs.values()]);
  const volumeNames = grants.flatMap(({ volumeName }) => [volumeName, secondVolumeName(volumeName)]);
  const token = findToken(spec, volumeNames);
  const variables = containers.map(({ container }) => readOwnVariables(asArray(container['env']) ?? []));
  const firstOf = (names: readonly string[]) =>
    variables.flatMap((own) => names.map((name) => asString(own.get(name)))).find((value) => value !== undefined);
  const hasVariables = variables.some((own) => pairs.some((pair) => ownCredentialVariables(own, pair).length > 0));
  return {
    role: firstOf(['AWS_ROLE_ARN']),
    token,
    tokenFile: firstOf(pairs.map(({ fileVariable }: CredentialPair) => fileVariable)),
    isAny: token !== undefined || hasVariables,
  };
}

/** What an account gets that the list of container credentials names, which only the webhook knows. */
const agentCredentials: ContainerCredentials = {
  kind: 'container_credentials',
  regionalSts: false,
  tokenExpirationSeconds: 0,
  warnings: [],
};

function findToken(spec: JsonObject, volumeNames: readonly string[]): ProjectedToken | undefined {
  for (const volume of (asArray(spec['volumes']) ?? []).map(asObject)) {
    const name = asString(volume?.['name']) ?? '';
    if (!volumeNames.includes(name)) continue;
    const sources = (asArray(asObject(volume?.['projected'])?.['sources']) ?? []).map(asObject);
    const token = sources
      .map((source) => asObject(source?.['serviceAccountToken']))
      .find((found) => found !== undefined);
    if (token === undefined) continue;
    const seconds = token['expirationSeconds'];
    return {
      volume: name,
      audience: asString(token['audience']) ?? 'the API server',
      expirationSeconds: typeof seconds === 'number' ? seconds : undefined,
    };
  }
  return undefined;
}
