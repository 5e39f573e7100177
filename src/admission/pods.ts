// Decides a review: is it ours, what does the pod's account promise, what does the pod get.
import type { Answer, Deadline, Lookup, LookupFault } from '../accounts/lookup.ts';
import type { ContainerCredentials, Identity } from '../identity/identity.ts';
import { asObject, asString } from '../identity/json.ts';
import { grantOf } from '../injection/grant.ts';
import { inject } from '../injection/inject.ts';
import { estimatePatchBytes, maxPatchBytes } from '../injection/patch-size.ts';
import type { InjectionSettings } from '../injection/settings.ts';
import type { FaultOutcome, Outcome } from './outcomes.ts';
import type { ReviewAnswer, ReviewRequest } from './review.ts';

/** The pod is allowed, with or without operations. */
export type AnsweredDecision = ReviewAnswer & { readonly kind: 'answer'; readonly outcome: Outcome };
/** No decision, by our own fault: the call must fail, so that the operator's failurePolicy decides. */
export type FaultDecision = {
  readonly kind: 'fault';
  readonly outcome: FaultOutcome;
  readonly message: string;
  /** For the log, where there is more to say. */
  readonly detail?: string;
};
/** How a review is to be answered. */
export type Decision = AnsweredDecision | FaultDecision;

/** Decides a review; at once where the lookup answers at once. */
export type ReviewPod = (request: ReviewRequest, deadline: Deadline) => Decision | Promise<Decision>;

/**
 * Returns the function that decides reviews of pods. A dry run is decided like any other call: deciding has no side
 * effect. The namespace is the request's, never the object's, which may be empty or another.
 */
export function createPodReview(lookup: Lookup, settings: InjectionSettings): ReviewPod {
  return (request, deadline) => {
    if (request.operation !== undefined && request.operation !== 'CREATE') return untouched('operation_not_create');
    if (!concernsPod(request)) return untouched('kind_not_pod');
    const spec = asObject(asObject(request.object)?.['spec']);
    if (spec === undefined) return untouched('malformed_pod');
    const name = asString(spec['serviceAccountName']) ?? '';
    if (name === '') return untouched('no_service_account');

    const answer = lookup({ namespace: request.namespace, name }, deadline);
    return answer instanceof Promise
      ? answer.then((late) => decide(late, request.object, settings))
      : decide(answer, request.object, settings);
  };
}

function decide(answer: Answer, pod: unknown, settings: InjectionSettings): Decision {
  switch (answer.kind) {
    case 'fault':
      return faultOf(answer);
    case 'none':
      return { ...untouched(answer.reason), warnings: answer.warnings };
    case 'identity':
    case 'container_credentials':
      return injected(answer, pod, settings);
  }
}

function faultOf({ reason: outcome, message, detail }: LookupFault): FaultDecision {
  return { kind: 'fault', outcome, message, ...(detail !== undefined && { detail }) };
}

function tooLarge(patchBytes: number): FaultDecision {
  const message = `the pod has so many containers that its patch would take ${String(patchBytes)} bytes, of at most ${String(maxPatchBytes)}`;
  return { kind: 'fault', outcome: 'pod_too_large', message };
}

function injected(promise: Identity | ContainerCredentials, pod: unknown, settings: InjectionSettings): Decision {
  const patchBytes = estimatePatchBytes(pod, grantOf(promise, settings));
  if (patchBytes > maxPatchBytes) return tooLarge(patchBytes);
  const { operations, outcome, warnings } = inject(pod, promise, settings);
  const common = { kind: 'answer', outcome, operations, warnings: [...promise.warnings, ...warnings] } as const;
  return promise.kind === 'identity'
    ? { ...common, credentials: 'sts_web_identity', roleArn: promise.roleArn }
    : { ...common, credentials: 'container_credentials' };
}

/** A review that does not name a kind is judged by its object, as one that names no operation is taken for a CREATE. */
function concernsPod(request: ReviewRequest): boolean {
  return (request.kind === undefined || request.kind === '/v1/Pod') && request.subResource === '';
}

function untouched(outcome: Outcome): AnsweredDecision {
  return { kind: 'answer', outcome, operations: [], warnings: [] };
}

/** What a pod calls itself and its account; undefined where it does not say. */
export type PodNames = { readonly name: string | undefined; readonly serviceAccountName: string | undefined };

/** Returns the names for the log. A pod that a controller creates has only the beginning of its name yet. */
export function podNames(pod: unknown): PodNames {
  const object = asObject(pod);
  const metadata = asObject(object?.['metadata']);
  return {
    name: asString(metadata?.['name']) ?? asString(metadata?.['generateName']),
    serviceAccountName: asString(asObject(object?.['spec'])?.['serviceAccountName']),
  };
}
