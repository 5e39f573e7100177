// Decides what a pod gets so that its containers have an identity.
import type { ContainerCredentials, Identity } from '../identity/identity.ts';
import { asObject, asString, type JsonObject } from '../identity/json.ts';
import { fitWarning, quote } from '../identity/warning.ts';
import { type ContainerGrant, type ContainerState, injectContainer } from './container.ts';
import { containersOf, nameOf, newEphemeralContainers, type PlacedContainer } from './containers.ts';
import type { ConfigMaps } from './env-from.ts';
import { podExpirationSeconds } from './expiration.ts';
import { type CredentialPair, type Grant, grantOf } from './grant.ts';
import { addLabels } from './labels.ts';
import { readList } from './list.ts';
import { type AddOperation, pointer, prepend } from './operations.ts';
import { type PodAnnotations, readPodAnnotations } from './pod-annotations.ts';
import { roleSessionOf } from './role-session.ts';
import type { InjectionSettings } from './settings.ts';
import { placeVolume, secondVolumeName, tokenVolume, type VolumePlace } from './token-volume.ts';
import { runsOnWindows } from './windows.ts';

/** How a pod of an account with a role stands once the operations are applied. */
export type InjectionOutcome =
  | ContainerState
  /** Every container is opted out by the skip-containers annotation, or not named by include-containers. */
  | 'all_containers_skipped'
  /** No container has a role in the container-roles annotation, and there is no role for the others. */
  | 'no_container_role'
  /** There is no container that could get the identity. */
  | 'no_containers'
  /** Containers are added to a pod that runs without the token's volume, and can get none any more. */
  | 'no_token_volume';

/** What a pod gets. Applied to the pod, the operations only add; applied or not, a second call says the same. */
export type Injection = {
  readonly operations: readonly AddOperation[];
  readonly outcome: InjectionOutcome;
  /** One line each, for the person who creates the pod. */
  readonly warnings: readonly string[];
};

/** What is known of the pod besides itself. */
export type InjectionContext = {
  /** The request's, never the object's, which may be empty or another. */
  readonly namespace: string;
  /** Those of envFrom, where they were read (`--respect-env-from`). */
  readonly configMaps?: ConfigMaps;
};

const noContext: InjectionContext = { namespace: '' };

type Promised = Identity | ContainerCredentials;

/**
 * Returns what a pod that is created gets so that its containers have the identity: the token's volume in front of its
 * volumes, then, container by container, variables and a mount behind theirs. What is there already is not added again.
 *
 * `pod` is whatever a stranger sent: nothing is added to a part of it that has not the form the API gives it, and the API
 * server's own validation refuses the whole.
 */
export function inject(
  pod: unknown,
  promise: Promised,
  settings: InjectionSettings,
  context: InjectionContext = noContext,
): Injection {
  const grant = grantOf(promise, settings);
  const parts = readPod(pod);
  const labels = addLabels(parts?.object, grant.labels);
  if (parts === undefined || labels === undefined) return nothing('malformed_pod');

  const annotations = readPodAnnotations(pod, promise.tokenExpirationSeconds, settings.annotationPrefix);
  const containers = choosePairs(containersOf(parts.spec), grant, includedBy(annotations, promise), annotations);
  // The Go webhook brings the volume even where every container is skipped.
  if (grant.pair === undefined && !containers.some(({ choice }) => typeof choice === 'object')) {
    return nothing(outcomeOf(containers.map(({ choice }) => choice)), ...annotations.warnings);
  }
  const place = placeVolume(parts.volumes.items, grant);
  if (place === undefined) return nothing('token_conflict', noVolumeWarning(grant));

  const operations: AddOperation[] = [...labels];
  const warnings = [...annotations.warnings];
  if (!place.exists) {
    const { object, spec, volumes } = parts;
    const expirationSeconds = podExpirationSeconds(object, spec, annotations.tokenExpirationSeconds, grant.spread);
    const volume = tokenVolume(place.name, grant, expirationSeconds);
    operations.push(prepend(pointer('spec', 'volumes'), volumes.exists, volume));
    if (place.name !== grant.volumeName) warnings.push(secondVolumeWarning(grant, place));
  }
  const shares = injectContainers(
    containers,
    containerGrantOf({ parts, promise, settings, context, grant, annotations, place }),
  );
  return {
    operations: [...operations, ...shares.operations],
    outcome: shares.outcome,
    warnings: [...warnings, ...shares.warnings],
  };
}

/**
 * Returns what the containers get that are added to a running pod (`pods/ephemeralcontainers`): variables and a mount,
 * and both only where the token's volume is in the pod already, since nothing else of a running pod can be changed.
 */
export function injectEphemeral(
  pod: unknown,
  oldPod: unknown,
  promise: Promised,
  rest: { readonly settings: InjectionSettings; readonly context: InjectionContext },
): Injection {
  const { settings } = rest;
  const grant = grantOf(promise, settings);
  const parts = readPod(pod);
  if (parts === undefined) return nothing('malformed_pod');
  const annotations = readPodAnnotations(pod, promise.tokenExpirationSeconds, settings.annotationPrefix);
  const added = newEphemeralContainers(parts.spec, asObject(asObject(oldPod)?.['spec']));
  const containers = choosePairs(added, grant, includedBy(annotations, promise), annotations);
  const place = placeVolume(parts.volumes.items, grant);
  if (place?.exists !== true) {
    const wants = containers.some(({ choice }) => typeof choice === 'object');
    return wants
      ? nothing('no_token_volume', noTokenVolumeWarning)
      : nothing(outcomeOf(containers.map(({ choice }) => choice)));
  }
  return injectContainers(containers, containerGrantOf({ ...rest, parts, promise, grant, annotations, place }));
}

type PodParts = {
  readonly object: JsonObject;
  readonly spec: JsonObject;
  readonly volumes: NonNullable<ReturnType<typeof readList>>;
};

function readPod(pod: unknown): PodParts | undefined {
  const object = asObject(pod);
  const spec = asObject(object?.['spec']);
  const volumes = spec && readList(spec, 'volumes');
  return object && spec && volumes && { object, spec, volumes };
}

function nothing(outcome: InjectionOutcome, ...warnings: string[]): Injection {
  return { operations: [], outcome, warnings };
}

/** A container, and the pair that it gets or why it gets none. */
type ChosenContainer = PlacedContainer & {
  readonly choice: CredentialPair | 'all_containers_skipped' | 'no_container_role';
};

function choosePairs(
  containers: readonly PlacedContainer[],
  grant: Grant,
  included: ReadonlySet<string> | undefined,
  { skippedContainers }: PodAnnotations,
): ChosenContainer[] {
  return containers.map((placed) => {
    const name = nameOf(placed.container);
    if (skippedContainers.has(name) || included?.has(name) === false) {
      return { ...placed, choice: 'all_containers_skipped' };
    }
    return { ...placed, choice: grant.containerPairs.get(name) ?? grant.pair ?? 'no_container_role' };
  });
}

function includedBy(annotations: PodAnnotations, promise: Promised): ReadonlySet<string> | undefined {
  return annotations.options.includedContainers ?? promise.options?.includedContainers;
}

type GrantParts = {
  readonly parts: PodParts;
  readonly promise: Promised;
  readonly settings: InjectionSettings;
  readonly context: InjectionContext;
  readonly grant: Grant;
  readonly annotations: PodAnnotations;
  readonly place: VolumePlace;
};

/** What all containers of the pod are given alike: the pod's own annotations before the account's, those before flags. */
function containerGrantOf({ parts, promise, settings, context, grant, annotations, place }: GrantParts): SharedGrant {
  const options = { ...promise.options, ...annotations.options };
  const { roleSessionName } = options;
  const owner = {
    namespace: context.namespace,
    serviceAccountName: asString(parts.spec['serviceAccountName']) ?? '',
    podName: asString(asObject(parts.object['metadata'])?.['name']),
  };
  return {
    mountPath: grant.mountPath,
    tokenPath: grant.tokenPath,
    volumeName: place.name,
    volumeNames: place.names,
    windows: runsOnWindows(parts.spec),
    regionalSts: promise.regionalSts,
    region: options.region ?? settings.region,
    useFipsEndpoint: options.useFipsEndpoint ?? false,
    useDualstackEndpoint: options.useDualstackEndpoint ?? false,
    roleSession:
      roleSessionName === undefined || promise.kind !== 'identity' ? undefined : roleSessionOf(roleSessionName, owner),
    configMaps: context.configMaps,
  };
}

type SharedGrant = Omit<ContainerGrant, 'pair'>;

function injectContainers(containers: readonly ChosenContainer[], shared: SharedGrant): Injection {
  const states: InjectionOutcome[] = [];
  const operations: AddOperation[] = [];
  const warnings: string[] = [];
  const overEnvFrom: string[] = [];
  for (const { container, path, choice } of containers) {
    if (typeof choice === 'string') {
      states.push(choice);
      continue;
    }
    const injection = injectContainer(container, path, { ...shared, pair: choice });
    states.push(injection.state);
    operations.push(...injection.operations);
    warnings.push(...injection.warnings);
    if (injection.overridesEnvFrom) overEnvFrom.push(nameOf(container));
  }
  if (overEnvFrom.length > 0) warnings.push(envFromWarning(overEnvFrom));
  return { operations, outcome: outcomeOf(states), warnings };
}

/** From what counts most to what counts least: one container with the identity makes an injected pod. */
const outcomesByWeight = [
  'injected',
  'token_conflict',
  'own_credentials',
  'malformed_pod',
  'no_container_role',
  'all_containers_skipped',
] as const satisfies readonly InjectionOutcome[];

function outcomeOf(states: readonly unknown[]): InjectionOutcome {
  return outcomesByWeight.find((outcome) => states.includes(outcome)) ?? 'no_containers';
}

const noTokenVolumeWarning =
  'the pod runs without a token volume, and none can be added; the new containers get no identity';

function noVolumeWarning({ volumeName }: Grant): string {
  const names = `${volumeName} and ${secondVolumeName(volumeName)}`;
  return fitWarning(() => `volumes ${names} are something else; no identity is given`);
}

function secondVolumeWarning({ volumeName }: Grant, { name }: VolumePlace): string {
  return fitWarning(() => `volume ${volumeName} is something else; the token is in volume ${name}`);
}

/** One line however many containers: most pods with envFrom have no AWS_* variable in it. */
function envFromWarning([name = '', ...others]: readonly string[]): string {
  const more = others.length === 0 ? '' : ` and ${String(others.length)} more`;
  return fitWarning(
    (length) =>
      `container ${quote(name, length)}${more}: AWS_* variables of envFrom are overridden by those given in env`,
  );
}
