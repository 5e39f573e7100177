// Decides what a pod gets so that its containers have an identity.
import type { ContainerCredentials, Identity } from '../identity/identity.ts';
import { asObject } from '../identity/json.ts';
import { fitWarning } from '../identity/warning.ts';
import { addConfigAnnotation } from './config-annotation.ts';
import { type ChosenContainer, chooseContainers, shareOut } from './container-shares.ts';
import { containersOf, newEphemeralContainers } from './containers.ts';
import { podExpirationSeconds } from './expiration.ts';
import { type Grant, grantOf } from './grant.ts';
import { addMetadata } from './metadata.ts';
import { type AddOperation, pointer, prepend } from './operations.ts';
import { type InjectionOutcome, outcomeOf } from './outcome.ts';
import { type InjectionContext, type PodReading, readPod } from './pod-reading.ts';
import type { InjectionSettings } from './settings.ts';
import { placeVolume, secondVolumeName, tokenVolume, type VolumePlace } from './token-volume.ts';

/** What a pod gets. Applied to the pod, the operations only add; applied or not, a second call says the same. */
export type Injection = {
  readonly operations: readonly AddOperation[];
  readonly outcome: InjectionOutcome;
  /** One line each, for the person who creates the pod. */
  readonly warnings: readonly string[];
};

const noContext: InjectionContext = { namespace: '' };

/**
 * Returns what a pod that is created gets so that its containers have the identity: the token's volume in front of its
 * volumes, then, container by container, variables and a mount behind theirs. What is there already is not added again.
 *
 * `pod` is whatever a stranger sent: nothing is added to a part of it that has not the form the API gives it, and the API
 * server's own validation refuses the whole.
 */
export function inject(
  pod: unknown,
  promise: Identity | ContainerCredentials,
  settings: InjectionSettings,
  context: InjectionContext = noContext,
): Injection {
  const grant = grantOf(promise, settings);
  const reading = readPod(pod, promise, settings, context);
  const labels = addMetadata(reading?.pod, { field: 'labels', entries: grant.labels });
  if (reading === undefined || labels === undefined) return nothing('malformed_pod');

  const containers = chooseContainers(containersOf(reading.spec), grant, reading);
  // The Go webhook brings the volume even where every container is skipped.
  if (grant.pair === undefined && !containers.some(isChosen)) {
    return nothing(outcomeOf(containers.map(({ choice }) => choice)), ...reading.warnings);
  }
  const place = placeVolume(reading.volumes.items, grant);
  if (place === undefined) return nothing('token_conflict', noVolumeWarning(grant));
  const config = addConfigAnnotation(reading, grant);
  if (config === 'malformed_pod') return nothing(config);
  if (config === 'token_conflict') return nothing(config, configWarning);

  const shares = shareOut(containers, grant, place, reading);
  const secondVolume = place.exists || place.name === grant.volumeName ? [] : [secondVolumeWarning(grant, place)];
  return {
    operations: [...labels, ...config, ...volumeToAdd(place, grant, reading), ...shares.operations],
    outcome: shares.outcome,
    warnings: [...reading.warnings, ...secondVolume, ...regionToName(grant, reading), ...shares.warnings],
  };
}

/** A pod to which containers are added, and what it was before. */
export type PodUpdate = { readonly pod: unknown; readonly oldPod: unknown };

/**
 * Returns what the containers get that are added to a running pod (`pods/ephemeralcontainers`): variables and a mount,
 * and both only where the token's volume is in the pod already, since nothing else of a running pod can be changed.
 */
export function injectEphemeral(
  { pod, oldPod }: PodUpdate,
  promise: Identity | ContainerCredentials,
  settings: InjectionSettings,
  context: InjectionContext = noContext,
): Injection {
  const grant = grantOf(promise, settings);
  const reading = readPod(pod, promise, settings, context);
  const oldSpec = asObject(asObject(oldPod)?.['spec']);
  // Without it nobody knows which containers are new, and those that run must not be touched.
  if (reading === undefined || oldSpec === undefined) return nothing('malformed_pod');

  const added = newEphemeralContainers(reading.spec, oldSpec);
  const containers = chooseContainers(added, grant, reading);
  if (!containers.some(isChosen)) return nothing(outcomeOf(containers.map(({ choice }) => choice)));
  const place = placeVolume(reading.volumes.items, grant);
  if (place?.exists !== true) return nothing('no_token_volume', noTokenVolumeWarning);
  return shareOut(containers, grant, place, reading);
}

function nothing(outcome: InjectionOutcome, ...warnings: string[]): Injection {
  return { operations: [], outcome, warnings };
}

function isChosen({ choice }: ChosenContainer): boolean {
  return typeof choice === 'object';
}

function volumeToAdd(place: VolumePlace, grant: Grant, reading: PodReading): AddOperation[] {
  if (place.exists) return [];
  const { pod, spec, volumes, tokenExpirationSeconds } = reading;
  const expirationSeconds = podExpirationSeconds(pod, spec, tokenExpirationSeconds, grant.spread);
  return [prepend(pointer('spec', 'volumes'), volumes.exists, tokenVolume(place.name, grant, expirationSeconds))];
}

/** SDKs that assume a second role, unlike one by web identity, call STS in a region (docs/adr/0006-role-chaining.md). */
function regionToName({ chain }: Grant, { options }: PodReading): string[] {
  if (chain === undefined || options.region !== '') return [];
  return ['target-role-arn: some SDKs assume a second role only where a region is given (annotation region)'];
}

const noTokenVolumeWarning =
  'the pod runs without a token volume, and none can be added; the new containers get no identity';

const configWarning = 'the pod annotation for the AWS config is something else; no identity is given';

function noVolumeWarning({ volumeName }: Grant): string {
  const names = `${volumeName} and ${secondVolumeName(volumeName)}`;
  return fitWarning(() => `volumes ${names} are something else; no identity is given`);
}

function secondVolumeWarning({ volumeName }: Grant, { name }: VolumePlace): string {
  return fitWarning(() => `volume ${volumeName} is something else; the token is in volume ${name}`);
}
