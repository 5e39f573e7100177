// Compares a pod that came back from the API server with what its account promises, by what the injection itself would do.
import { outcomeSentences } from '../../admission/outcomes.ts';
import type { RoleOwner } from '../../identity/compose-role-arn.ts';
import type { Identity } from '../../identity/identity.ts';
import { asArray, asObject, asString, type JsonObject } from '../../identity/json.ts';
import { containersOf, nameOf, type PlacedContainer } from '../../injection/containers.ts';
import { inject } from '../../injection/inject.ts';
import type { AddOperation } from '../../injection/operations.ts';
import type { InjectionSettings } from '../../injection/settings.ts';
import { findTraces, type IdentityTraces } from './traces.ts';

/** What is compared. */
export type CheckedPod = {
  readonly sent: JsonObject;
  readonly answered: JsonObject;
  readonly namespace: string;
  readonly identity: Identity;
  readonly settings: InjectionSettings;
};

/** How one container stands. */
export type ContainerCheck = {
  readonly name: string;
  /** Whether it was sent; another webhook may have added others, and those decide nothing. */
  readonly isSent: boolean;
  /** What the injection would still add, or why it would give nothing; empty where the container is as it should be. */
  readonly faults: readonly string[];
};

/** How the pod stands. */
export type PodCheck = {
  /** `untouched`: nothing of an AWS identity is in it; `other`: something is, but not what the account promises. */
  readonly result: 'injected' | 'untouched' | 'other';
  readonly containers: readonly ContainerCheck[];
  /** What the containers that were sent have of an identity, be it the right one or not. */
  readonly traces: IdentityTraces;
};

/** Returns how the pod stands; each container that was sent must lack nothing that the injection would add. */
export function checkPod(pod: CheckedPod): PodCheck {
  const { settings } = pod;
  const spec = asObject(pod.answered['spec']) ?? {};
  const sentNames = new Set(containersOf(asObject(pod.sent['spec']) ?? {}).map(({ container }) => nameOf(container)));
  const isSent = ({ container }: PlacedContainer) => sentNames.has(nameOf(container));
  const answered = containersOf(spec);
  const traces = findTraces(spec, answered.filter(isSent), pod.identity, settings);
  const identity = withOwnerOf(traces.role, pod.identity);
  const containers = answered.map((placed) => ({
    name: nameOf(placed.container),
    isSent: isSent(placed),
    faults: faultsOf(placed, { ...pod, identity }),
  }));
  const sent = containers.filter((container) => container.isSent);
  const isInjected = sent.length === sentNames.size && sent.every(({ faults }) => faults.length === 0);
  return { result: isInjected ? 'injected' : traces.isAny ? 'other' : 'untouched', containers, traces };
}

/** With `--compose-role-arn` only the webhook knows whose role a name means: whichever it says is believed. */
function withOwnerOf(role: string | undefined, identity: Identity): Identity {
  const [, partition, accountId] = /^arn:(aws[a-z0-9-]*):iam::(\d{12}):role\//.exec(role ?? '') ?? [];
  if (identity.withOwner === undefined || partition === undefined || accountId === undefined) return identity;
  const owner: RoleOwner = { partition, accountId };
  const owned = identity.withOwner(owner);
  return owned.kind === 'identity' ? owned : identity;
}

/** Each container is asked about in a pod of its own, so that none is covered by another. */
function faultsOf(
  { container, path }: PlacedContainer,
  { answered, namespace, identity, settings }: CheckedPod,
): string[] {
  const spec = asObject(answered['spec']) ?? {};
  const field = String(path[1]);
  const alone = { ...answered, spec: { ...spec, initContainers: [], containers: [], [field]: [container] } };
  const { operations, outcome } = inject(alone, identity, settings, { namespace });
  const missing = operations.map(describeOperation);
  return outcome === 'injected' ? missing : [outcomeSentences[outcome], ...missing];
}

function describeOperation({ path, value }: AddOperation): string {
  const entries = (asArray(value) ?? [value]).map((entry) => asString(asObject(entry)?.['name']) ?? '').join(', ');
  if (path.startsWith('/spec/volumes')) return `no volume ${entries} with the token`;
  if (path.includes('/env')) return `no variable ${entries}`;
  if (path.includes('/volumeMounts')) return `no mount of the volume ${entries}`;
  return 'no annotation for the AWS config';
}
