// What all containers of a pod get: each its own share, or the reason why it gets none.
import { fitWarning, quote } from '../identity/warning.ts';
import { type ContainerGrant, injectContainer } from './container.ts';
import { nameOf, type PlacedContainer } from './containers.ts';
import type { CredentialPair, Grant } from './grant.ts';
import type { AddOperation } from './operations.ts';
import { type InjectionOutcome, outcomeOf } from './outcome.ts';
import type { PodReading } from './pod-reading.ts';
import { roleSessionOf } from './role-session.ts';
import type { VolumePlace } from './token-volume.ts';

/** A container, and the pair that it gets or why it gets none. */
export type ChosenContainer = PlacedContainer & {
  readonly choice: CredentialPair | 'all_containers_skipped' | 'no_container_role';
};

/** The containers' part of an injection. */
export type ContainerShares = {
  readonly operations: readonly AddOperation[];
  readonly outcome: InjectionOutcome;
  readonly warnings: readonly string[];
};

/** Returns who gets what by name; an annotation that opts a container out is stronger than one that takes it in. */
export function chooseContainers(
  containers: readonly PlacedContainer[],
  { containerPairs, pair }: Grant,
  { skippedContainers, options }: PodReading,
): ChosenContainer[] {
  return containers.map((placed) => {
    const name = nameOf(placed.container);
    if (skippedContainers.has(name) || options.includedContainers?.has(name) === false) {
      return { ...placed, choice: 'all_containers_skipped' };
    }
    return { ...placed, choice: containerPairs.get(name) ?? pair ?? 'no_container_role' };
  });
}

/** Returns what each container gets, now that it is known which volume holds the token. */
export function shareOut(
  containers: readonly ChosenContainer[],
  grant: Grant,
  place: VolumePlace,
  reading: PodReading,
): ContainerShares {
  const common = commonGrant(grant, place, reading);
  const states: InjectionOutcome[] = [];
  const operations: AddOperation[] = [];
  const warnings: string[] = [];
  const overEnvFrom: string[] = [];
  for (const { container, path, choice } of containers) {
    if (typeof choice === 'string') {
      states.push(choice);
      continue;
    }
    const share = injectContainer(container, path, { ...common, pair: choice });
    states.push(share.state);
    operations.push(...share.operations);
    warnings.push(...share.warnings);
    if (share.overridesEnvFrom) overEnvFrom.push(nameOf(container));
  }
  if (overEnvFrom.length > 0) warnings.push(envFromWarning(overEnvFrom));
  return { operations, outcome: outcomeOf(states), warnings };
}

function commonGrant(
  { mountPath, tokenPath, hasRoleSession }: Grant,
  { name, names }: VolumePlace,
  { regionalSts, options, sessionOwner, windows, configMaps }: PodReading,
): Omit<ContainerGrant, 'pair'> {
  const { region, useFipsEndpoint = false, useDualstackEndpoint = false, roleSessionName } = options;
  const asksForSession = hasRoleSession && roleSessionName !== undefined;
  return {
    volumeName: name,
    volumeNames: names,
    mountPath,
    tokenPath,
    windows,
    regionalSts,
    region,
    useFipsEndpoint,
    useDualstackEndpoint,
    roleSession: asksForSession ? roleSessionOf(roleSessionName, sessionOwner) : undefined,
    configMaps,
  };
}

/** One line however many containers: most pods with envFrom have no AWS_* variable in it. */
function envFromWarning([name = '', ...others]: readonly string[]): string {
  const more = others.length === 0 ? '' : ` and ${String(others.length)} more`;
  return fitWarning(
    (length) =>
      `container ${quote(name, length)}${more}: AWS_* variables of envFrom are overridden by those given in env`,
  );
}
