// How a pod of an account with a role stands once the operations are applied.
import type { ContainerState } from './container.ts';

/** One word for a pod; see also docs/outcomes.md. */
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

/** From what counts most to what counts least: one container with the identity makes an injected pod. */
const outcomesByWeight = [
  'injected',
  'token_conflict',
  'own_credentials',
  'malformed_pod',
  'no_container_role',
  'all_containers_skipped',
] as const satisfies readonly InjectionOutcome[];

/** Returns how a pod stands whose containers stand like this; anything else among them counts for nothing. */
export function outcomeOf(states: readonly unknown[]): InjectionOutcome {
  return outcomesByWeight.find((outcome) => states.includes(outcome)) ?? 'no_containers';
}
