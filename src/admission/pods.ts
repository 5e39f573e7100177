// Decides a review: is it ours, what does the pod's account promise, what does the pod get.
import type { ReadConfigMaps } from '../accounts/config-maps.ts';
import type { Answer, Deadline, Lookup, LookupFault } from '../accounts/lookup.ts';
import type { ReadNamespaceOptOut } from '../accounts/namespaces.ts';
import type { AccountRef } from '../identity/account-ref.ts';
import type { ContainerCredentials, Identity } from '../identity/identity.ts';
import { asObject, asString, type JsonObject } from '../identity/json.ts';
import { type OptOut, readOptOut } from '../identity/opt-out.ts';
import { configMapsOfEnvFrom } from '../injection/env-from.ts';
import { grantOf } from '../injection/grant.ts';
import { inject, injectEphemeral } from '../injection/inject.ts';
import { createPatchJoiner, type JoinPatch } from './joined-patch.ts';
import type { InjectionContext } from '../injection/pod-reading.ts';
import { estimatePatchBytes, maxPatchBytes } from '../injection/patch-size.ts';
import type { InjectionSettings } from '../injection/settings.ts';
import {
  type AnsweredDecision,
  type DecideReview,
  type Decision,
  type FaultDecision,
  type ReviewedNames,
  untouched,
} from './decision.ts';
import type { NotOursOutcome } from './outcomes.ts';
import type { ReviewRequest } from './review.ts';

/** What deciding needs. */
export type PodReviewOptions = {
  readonly lookup: Lookup;
  readonly settings: InjectionSettings;
  /** Undefined: only pods themselves can opt out. */
  readonly readNamespaceOptOut?: ReadNamespaceOptOut;
  /** Undefined: what envFrom may bring is passed over. */
  readonly readConfigMaps?: ReadConfigMaps;
};

/**
 * Returns the function that decides reviews of pods that are created, and of ephemeral containers that are added to one.
 * A dry run is decided like any other call: deciding has no side effect. The namespace is the request's, never the
 * object's, which may be empty or another.
 */
export function createPodReview(options: PodReviewOptions): DecideReview {
  const { settings, readNamespaceOptOut } = options;
  const joinPatch = createPatchJoiner(settings);
  return (request, deadline) => {
    const notOurs = notOursOutcome(request);
    if (notOurs !== undefined) return untouched(notOurs);
    const pod = asObject(request.object);
    const spec = asObject(pod?.['spec']);
    if (spec === undefined) return untouched('malformed_pod');
    const name = asString(spec['serviceAccountName']) ?? '';
    if (name === '') return untouched('no_service_account');
    const own = readOptOut(asObject(pod?.['metadata']), { owner: 'pod', annotationPrefix: settings.annotationPrefix });
    if (own.optedOut) return untouched('opted_out_by_pod');

    const review: Review = {
      request,
      account: { namespace: request.namespace, name },
      spec,
      deadline,
      options,
      joinPatch,
    };
    const ofNamespace = readNamespaceOptOut?.(request.namespace, deadline) ?? noOptOut;
    const decided =
      ofNamespace instanceof Promise
        ? ofNamespace.then((late) => decideInNamespace(late, review))
        : decideInNamespace(ofNamespace, review);
    return own.warning === undefined ? decided : withWarning(decided, own.warning);
  };
}

/** A review that does not name a kind is judged by its object, as one that names no operation is taken for a CREATE. */
function notOursOutcome({ kind, operation, subResource }: ReviewRequest): NotOursOutcome | undefined {
  const expected = subResource === ephemeralContainers ? 'UPDATE' : 'CREATE';
  if (operation !== undefined && operation !== expected) return 'operation_not_create';
  const concernsPod = kind === undefined || kind === '/v1/Pod';
  return concernsPod && ['', ephemeralContainers].includes(subResource) ? undefined : 'kind_not_pod';
}

/** The subresource through which containers are added to a running pod; the API server sends the whole pod. */
const ephemeralContainers = 'ephemeralcontainers';

type Review = {
  readonly request: ReviewRequest;
  readonly account: AccountRef;
  readonly spec: JsonObject;
  readonly deadline: Deadline;
  readonly options: PodReviewOptions;
  readonly joinPatch: JoinPatch;
};

/** Where namespaces are not asked. */
const noOptOut: OptOut = { optedOut: false };

function decideInNamespace(namespace: OptOut | LookupFault, review: Review): Decision | Promise<Decision> {
  if ('kind' in namespace) return faultOf(namespace);
  if (namespace.optedOut) return untouched('opted_out_by_namespace');
  const answer = review.options.lookup(review.account, review.deadline);
  const decided = answer instanceof Promise ? answer.then((late) => decide(late, review)) : decide(answer, review);
  return namespace.warning === undefined ? decided : withWarning(decided, namespace.warning);
}

function decide(answer: Answer, review: Review): Decision | Promise<Decision> {
  switch (answer.kind) {
    case 'fault':
      return faultOf(answer);
    case 'none':
      return { ...untouched(answer.reason), warnings: answer.warnings };
    case 'identity':
    case 'container_credentials':
      return decideInjection(answer, review);
  }
}

function decideInjection(promise: Promised, review: Review): Decision | Promise<Decision> {
  const { request, spec, deadline, options } = review;
  const { readConfigMaps } = options;
  const context = { namespace: request.namespace };
  if (readConfigMaps === undefined) return injected(promise, review, context);
  const names = configMapsOfEnvFrom(spec);
  if (names.length === 0) return injected(promise, review, context);
  return readConfigMaps({ namespace: request.namespace, names }, deadline).then((configMaps) =>
    'kind' in configMaps ? faultOf(configMaps) : injected(promise, review, { ...context, configMaps }),
  );
}

function faultOf({ reason: outcome, ...fault }: LookupFault): FaultDecision {
  return { ...fault, outcome };
}

function tooLarge(patchBytes: number): FaultDecision {
  const message = `the pod has so many containers that its patch would take ${String(patchBytes)} bytes, of at most ${String(maxPatchBytes)}`;
  return { kind: 'fault', outcome: 'pod_too_large', message };
}

type Promised = Identity | ContainerCredentials;

function injected(promise: Promised, review: Review, context: InjectionContext): Decision {
  const { request, options, joinPatch } = review;
  const { settings } = options;
  const { object: pod, oldObject, subResource } = request;
  const joined = subResource === '' && promise.kind === 'identity' ? joinPatch(pod, promise) : undefined;
  if (joined !== undefined) {
    const { operations, base64: patch } = joined;
    return { ...answerOf(promise), outcome: 'injected', operations, patch, warnings: promise.warnings };
  }
  const patchBytes = estimatePatchBytes(pod, grantOf(promise, settings));
  if (patchBytes > maxPatchBytes) return tooLarge(patchBytes);
  const { operations, outcome, warnings } =
    subResource === ephemeralContainers
      ? injectEphemeral({ pod, oldPod: oldObject }, promise, settings, context)
      : inject(pod, promise, settings, context);
  return { ...answerOf(promise), outcome, operations, warnings: [...promise.warnings, ...warnings] };
}

function answerOf(promise: Promised): Pick<AnsweredDecision, 'kind' | 'credentials' | 'roleArn'> {
  if (promise.kind === 'container_credentials') return { kind: 'answer', credentials: 'container_credentials' };
  const { roleArn } = promise;
  return { kind: 'answer', credentials: 'sts_web_identity', ...(roleArn !== undefined && { roleArn }) };
}

function withWarning(decision: Decision | Promise<Decision>, warning: string): Decision | Promise<Decision> {
  if (decision instanceof Promise) return decision.then((late) => withWarning(late, warning));
  return decision.kind === 'fault' ? decision : { ...decision, warnings: [warning, ...decision.warnings] };
}

/** Returns the names for the log. A pod that a controller creates has only the beginning of its name yet. */
export function podNames(pod: unknown): ReviewedNames {
  const object = asObject(pod);
  const metadata = asObject(object?.['metadata']);
  return {
    pod: asString(metadata?.['name']) ?? asString(metadata?.['generateName']),
    account: asString(asObject(object?.['spec'])?.['serviceAccountName']),
  };
}
