// What a right answer to a review of the benchmark is.
import { isDeepStrictEqual } from 'node:util';
import { asArray, asObject, asString, type JsonObject } from '../../src/identity/json.ts';
import type { AddOperation } from '../../src/injection/operations.ts';
import { applyOperations } from '../injection/apply.ts';

/** A review, and what must become of its pod. */
export type Order = {
  readonly uid: string;
  readonly review: JsonObject;
  readonly outcome: string;
  /** The role that the pod must get; none where it must stay as it is. */
  readonly roleArn: string | undefined;
};

/** A reply was not the right one; all figures are void. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer';
}

const mountPath = '/var/run/secrets/eks.amazonaws.com/serviceaccount';

/** Throws a {@link WrongAnswer} where a reply of the webhook is not what the order demands, in any part of it. */
export function verifyAnswer(reply: { readonly status: number; readonly body: string }, order: Order): void {
  const fault = reply.status === 200 ? faultOf(reply.body, order) : 'expected status 200';
  if (fault === undefined) return;
  throw new WrongAnswer(`${fault}; got status ${reply.status} and ${reply.body.slice(0, 2_000)}`);
}

function faultOf(body: string, order: Order): string | undefined {
  const answer = parse(body);
  const { review, uid, outcome, roleArn } = order;
  if (answer?.['kind'] !== 'AdmissionReview' || answer['apiVersion'] !== review['apiVersion']) {
    return 'expected an AdmissionReview of the version that was sent';
  }
  const { patch, patchType, ...rest } = asObject(answer['response']) ?? {};
  const auditAnnotations = { outcome, ...(roleArn !== undefined && { role: roleArn }) };
  const expected = { uid, allowed: true, auditAnnotations };
  if (!isDeepStrictEqual(rest, expected)) return `expected a response with ${JSON.stringify(expected)}`;
  return faultOfPatch(patch, patchType, order);
}

function faultOfPatch(patch: unknown, patchType: unknown, { review, roleArn }: Order): string | undefined {
  if (roleArn === undefined) return patch === undefined && patchType === undefined ? undefined : 'expected no patch';
  if (patchType !== 'JSONPatch') return 'expected a JSONPatch';
  const pod = asObject(asObject(review['request'])?.['object']) ?? {};
  const patched = applied(pod, asString(patch) ?? '');
  return isDeepStrictEqual(patched, podWithRole(pod, roleArn)) ? undefined : 'expected another patch';
}

/** The pod as the Go webhook, with its defaults, leaves it. */
function podWithRole(pod: JsonObject, roleArn: string): JsonObject {
  const spec = asObject(pod['spec']) ?? {};
  const token = { audience: 'sts.amazonaws.com', expirationSeconds: 86_400, path: 'token' };
  const volume = { name: 'aws-iam-token', projected: { sources: [{ serviceAccountToken: token }] } };
  const containers = (asArray(spec['containers']) ?? []).map((container) => ({
    ...asObject(container),
    env: [
      ...(asArray(asObject(container)?.['env']) ?? []),
      { name: 'AWS_ROLE_ARN', value: roleArn },
      { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${mountPath}/token` },
    ],
    volumeMounts: [
      ...(asArray(asObject(container)?.['volumeMounts']) ?? []),
      { name: 'aws-iam-token', readOnly: true, mountPath },
    ],
  }));
  return { ...pod, spec: { ...spec, volumes: [volume, ...(asArray(spec['volumes']) ?? [])], containers } };
}

/** Undefined where the patch cannot be applied. */
function applied(pod: JsonObject, patch: string): unknown {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each of them is validated as it is applied
    const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as AddOperation[];
    return applyOperations(pod, operations);
  } catch {
    return undefined;
  }
}

function parse(body: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(body) as unknown);
  } catch {
    return undefined;
  }
}
