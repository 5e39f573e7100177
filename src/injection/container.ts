// Gives one container the identity: its variables and the mount of the token.
import type { JsonObject } from '../identity/json.ts';
import { fitWarning, quote } from '../identity/warning.ts';
import { nameOf } from './containers.ts';
import { type ConfigMaps, readEnvFrom } from './env-from.ts';
import {
  isComplete,
  missingVariables,
  ownCredentialVariables,
  type OwnVariables,
  pairIsOurs,
  readOwnVariables,
  type WantedVariables,
} from './environment.ts';
import type { CredentialPair, Grant } from './grant.ts';
import { type List, readList } from './list.ts';
import { type AddOperation, append, pointer } from './operations.ts';
import { cleanPath, fileIn } from './paths.ts';
import { type MountPlace, placeMount, type TokenMount, tokenMount } from './token-mount.ts';

/** What a container of one pod is given; all are given alike but for the pair. */
export type ContainerGrant = Pick<Grant, 'mountPath' | 'tokenPath'> &
  Omit<WantedVariables, 'file'> & {
    /** The volume's name in this pod. */
    readonly volumeName: string;
    /** All names under which the pod has the token. */
    readonly volumeNames: readonly string[];
    readonly windows: boolean;
    /** ConfigMaps of envFrom that were read, where that is wanted. */
    readonly configMaps: ConfigMaps | undefined;
  };

/** How a container stands once the operations are applied. */
export type ContainerState =
  /** It has the identity, from this call or from an earlier one. */
  | 'injected'
  /** It sets identity variables of its own; they are left as they are. */
  | 'own_credentials'
  /** There is no free path to mount the token at; it is left whole. */
  | 'token_conflict'
  /** It is not what the API has for a container; the API server will say so. */
  | 'malformed_pod';

/** What one container gets. */
export type ContainerInjection = {
  readonly operations: readonly AddOperation[];
  readonly state: ContainerState;
  readonly warnings: readonly string[];
  /** Whether its envFrom may define what `env` now does; there `env` wins. */
  readonly overridesEnvFrom: boolean;
};

/** Returns what a container gets; `path` is its place in the pod as segments of a pointer. */
export function injectContainer(
  container: JsonObject,
  path: readonly (string | number)[],
  grant: ContainerGrant,
): ContainerInjection {
  const parts = readContainer(container, grant.configMaps);
  if (parts === undefined) return left('malformed_pod');

  const { name, env, mounts, own, mayHoldMore } = parts;
  const ownFile = own.get(grant.pair.fileVariable);
  const place = placeMount(mounts.items, grant, (mountPath) => ownFile === filePath(mountPath, grant));
  if (!isOfUse(place, grant) && ownCredentialVariables(own, grant.pair).length === 0) {
    return left('token_conflict', noPathWarning(name, grant.mountPath));
  }

  const file = filePath(place?.mountPath ?? grant.mountPath, grant);
  const variables = isComplete(own, grant.pair) ? [] : missingVariables(own, { ...grant, file });
  const newMounts = mountToAdd(own, place, grant);
  const operations = [
    ...append(pointer(...path, 'env'), env.exists, variables),
    ...append(pointer(...path, 'volumeMounts'), mounts.exists, newMounts),
  ];
  const warnings = newMounts
    .filter(({ mountPath }) => mountPath !== grant.mountPath)
    .map(({ mountPath }) => secondPathWarning(name, mountPath));

  const seesToken = place?.exists === true || newMounts.length > 0;
  const overridesEnvFrom = mayHoldMore && variables.length > 0;
  if (seesToken && pairIsOurs(own, grant.pair, file)) {
    return { operations, state: 'injected', warnings, overridesEnvFrom };
  }
  const ownWarning = ownCredentialsWarning(name, own, grant.pair);
  return { operations, state: 'own_credentials', warnings: [...warnings, ownWarning], overridesEnvFrom };
}

function left(state: ContainerState, ...warnings: string[]): ContainerInjection {
  return { operations: [], state, warnings, overridesEnvFrom: false };
}

type ContainerParts = {
  readonly name: string;
  readonly env: List;
  readonly mounts: List;
  readonly own: OwnVariables;
  readonly mayHoldMore: boolean;
};

/** Returns the parts that matter here, or undefined where a list of them is not a list. */
function readContainer(container: JsonObject, configMaps: ConfigMaps | undefined): ContainerParts | undefined {
  const env = readList(container, 'env');
  const mounts = readList(container, 'volumeMounts');
  if (env === undefined || mounts === undefined) return undefined;
  const { variables, mayHoldMore } = readEnvFrom(container, configMaps);
  return { name: nameOf(container), env, mounts, own: readOwnVariables(env.items, variables), mayHoldMore };
}

/**
 * Returns the mount that a container lacks, if any. One with identity variables of its own still gets it at the usual
 * path, unless it has all kinds of variables (both as from the Go webhook), but never at a second path.
 */
function mountToAdd(own: OwnVariables, place: MountPlace | undefined, grant: ContainerGrant): TokenMount[] {
  if (place === undefined || place.exists || isComplete(own, grant.pair)) return [];
  if (ownCredentialVariables(own, grant.pair).length > 0 && place.mountPath !== grant.mountPath) return [];
  return [tokenMount(grant.volumeName, place.mountPath)];
}

function isOfUse(place: MountPlace | undefined, { pair, mountPath }: ContainerGrant): boolean {
  if (place === undefined) return false;
  return !pair.namesConfig || cleanPath(place.mountPath) === cleanPath(mountPath);
}

function filePath(mountPath: string, { pair, windows }: ContainerGrant): string {
  return fileIn(mountPath, pair.file, windows);
}

function ownCredentialsWarning(name: string, own: OwnVariables, pair: CredentialPair): string {
  const variables = ownCredentialVariables(own, pair).join(' and ');
  return fitWarning(
    (length) => `container ${quote(name, length)} sets ${variables} itself and keeps its own credentials`,
  );
}

function noPathWarning(name: string, mountPath: string): string {
  return fitWarning(
    (length) =>
      `container ${quote(name, length)}: something else is mounted at ${quote(mountPath, 2 * length)}; no identity is given`,
  );
}

function secondPathWarning(name: string, mountPath: string): string {
  return fitWarning(
    (length) =>
      `container ${quote(name, length)}: the usual mount path is taken; the token is in ${quote(mountPath, 2 * length)}`,
  );
}
