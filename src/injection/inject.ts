// Decides what a pod gets so that its containers have an identity.
import type { ContainerCredentials, Identity } from '../identity/identity.ts';
import { asArray, asObject, asString, type JsonObject } from '../identity/json.ts';
import { jitteredExpirationSeconds } from '../identity/token-jitter.ts';
import { fitWarning } from '../identity/warning.ts';
import { type ContainerState, injectContainer } from './container.ts';
import { type Grant, grantOf } from './grant.ts';
import { addLabels } from './labels.ts';
import { readList } from './list.ts';
import { type AddOperation, pointer, prepend } from './operations.ts';
import { readPodAnnotations } from './pod-annotations.ts';
import type { InjectionSettings } from './settings.ts';
import { placeVolume, secondVolumeName, tokenVolume } from './token-volume.ts';
import { runsOnWindows } from './windows.ts';

/** How a pod of an account with a role stands once the operations are applied. */
export type InjectionOutcome =
  | ContainerState
  /** Every container is opted out by the skip-containers annotation. */
  | 'all_containers_skipped'
  /** There is no container that could get the identity. */
  | 'no_containers';

/** What a pod gets. Applied to the pod, the operations only add; applied or not, a second call says the same. */
export type Injection = {
  readonly operations: readonly AddOperation[];
  readonly outcome: InjectionOutcome;
  /** One line each, for the person who creates the pod. */
  readonly warnings: readonly string[];
};

/**
 * Returns what the pod gets so that its containers have the identity: the token's volume in front of its volumes,
 * then, container by container, variables and a mount behind theirs. What is there already is not added again.
 *
 * `pod` is whatever a stranger sent: nothing is added to a part of it that has not the form the API gives it, and the API
 * server's own validation refuses the whole.
 */
export function inject(pod: unknown, promise: Identity | ContainerCredentials, settings: InjectionSettings): Injection {
  const object = asObject(pod);
  const spec = asObject(object?.['spec']);
  const volumes = spec === undefined ? undefined : readList(spec, 'volumes');
  const grant = grantOf(promise, settings);
  const labels = addLabels(object, grant.labels);
  if (spec === undefined || volumes === undefined || labels === undefined) {
    return { operations: [], outcome: 'malformed_pod', warnings: [] };
  }

  const place = placeVolume(volumes.items, grant);
  if (place === undefined) {
    const names = `${grant.volumeName} and ${secondVolumeName(grant.volumeName)}`;
    return {
      operations: [],
      outcome: 'token_conflict',
      warnings: [fitWarning(() => `volumes ${names} are something else; no identity is given`)],
    };
  }

  const annotations = readPodAnnotations(pod, grant.tokenExpirationSeconds, settings.annotationPrefix);
  const operations: AddOperation[] = [...labels];
  const warnings = [...annotations.warnings];
  if (!place.exists) {
    const volume = tokenVolume(
      place.name,
      grant,
      expirationOf(spec, object, annotations.tokenExpirationSeconds, grant),
    );
    operations.push(prepend(pointer('spec', 'volumes'), volumes.exists, volume));
    if (place.name !== grant.volumeName) {
      warnings.push(
        fitWarning(() => `volume ${grant.volumeName} is something else; the token is in volume ${place.name}`),
      );
    }
  }

  const containerGrant = { ...grant, volumeName: place.name, volumeNames: place.names, windows: runsOnWindows(spec) };
  const states: (ContainerState | 'all_containers_skipped')[] = [];
  for (const { container, path } of containersOf(spec)) {
    if (annotations.skippedContainers.has(asString(container['name']) ?? '')) {
      states.push('all_containers_skipped');
      continue;
    }
    const injection = injectContainer(container, path, containerGrant);
    states.push(injection.state);
    operations.push(...injection.operations);
    warnings.push(...injection.warnings);
  }
  return { operations, outcome: outcomeOf(states), warnings };
}

/** From what counts most to what counts least: one container with the identity makes an injected pod. */
const outcomesByWeight = [
  'injected',
  'token_conflict',
  'own_credentials',
  'malformed_pod',
  'all_containers_skipped',
] as const satisfies readonly InjectionOutcome[];

function outcomeOf(states: readonly InjectionOutcome[]): InjectionOutcome {
  return outcomesByWeight.find((outcome) => states.includes(outcome)) ?? 'no_containers';
}

/** Native sidecars are init containers to the API, so that they are among these. */
function containersOf(spec: JsonObject): { container: JsonObject; path: readonly (string | number)[] }[] {
  return ['initContainers', 'containers'].flatMap((field) =>
    (readList(spec, field)?.items ?? []).flatMap((entry, index) => {
      const container = asObject(entry);
      return container === undefined ? [] : [{ container, path: ['spec', field, index] }];
    }),
  );
}

/**
 * Returns the token's lifetime in seconds. What is spread depends on nothing but the pod: pods of one controller have
 * no name of their own yet, but the API server has given each a volume with a random name for its own token.
 */
function expirationOf(
  spec: JsonObject,
  object: JsonObject | undefined,
  seconds: number,
  { spreadsExpiration }: Grant,
): number {
  if (!spreadsExpiration) return seconds;
  const metadata = asObject(object?.['metadata']);
  const volumes = (asArray(spec['volumes']) ?? []).map((volume) => asObject(volume)?.['name']);
  const names = [spec['serviceAccountName'], metadata?.['name'], metadata?.['generateName'], ...volumes];
  return jitteredExpirationSeconds(seconds, names.map((name) => asString(name) ?? '').join('/'));
}
