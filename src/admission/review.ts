// The wire: AdmissionReview of admission.k8s.io, v1 and v1beta1 (k8s.io/api/admission).
import { asObject, asString } from '../identity/json.ts';
import type { AddOperation } from '../injection/operations.ts';
import { isTooDeep, tooDeep } from './json-depth.ts';

const apiVersions = ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'] as const;

/** A UID is a UUID of 36 characters; anything much longer is no UID, and is not worth echoing. */
const maxUidLength = 256;

/** Longest role ARN (IAM's own limit): an annotation can hold a quarter of a megabyte, the audit log need not. */
const maxAuditedRoleLength = 2048;

/** At most so many warnings a review: the API server cuts all when they pass 4,096 characters together. */
const maxWarnings = 8;

/** The part of a request that a decision depends on. Every field is as a stranger sent it. */
export type ReviewRequest = {
  readonly apiVersion: (typeof apiVersions)[number];
  readonly uid: string;
  /** Undefined where the request does not say; the API server always does. */
  readonly operation: string | undefined;
  /** Group, version and kind as `group/version/kind`, with the subresource if any; undefined as above. */
  readonly kind: string | undefined;
  readonly subResource: string;
  readonly namespace: string;
  readonly dryRun: boolean;
  readonly object: unknown;
  /** What the object was before an UPDATE. */
  readonly oldObject: unknown;
};

/** Why a body is not a review that can be answered. */
export type ReviewErrorCode =
  | 'ERR_REVIEW_NOT_JSON'
  | 'ERR_REVIEW_TOO_DEEP'
  | 'ERR_REVIEW_MALFORMED'
  | 'ERR_REVIEW_NO_REQUEST'
  | 'ERR_REVIEW_NO_UID';

/** The body of a call is not a review that can be answered; the caller is at fault. */
export class ReviewError extends Error {
  override readonly name = 'ReviewError';
  readonly code: ReviewErrorCode;

  constructor(code: ReviewErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What is answered to a review; the pod is always allowed. */
export type ReviewAnswer = {
  readonly outcome: string;
  /** Which kind of credentials the account is promised, whatever came of it; the Go webhook's words. */
  readonly credentials?: 'sts_web_identity' | 'container_credentials';
  readonly roleArn?: string;
  readonly operations: readonly AddOperation[];
  /** The operations as a JSON Patch in base64, where somebody has it already. */
  readonly patch?: string;
  readonly warnings: readonly string[];
};

/** Returns the request in a body. Throws a {@link ReviewError}, and nothing else, where there is none. */
export function parseReview(body: string): ReviewRequest {
  const review = asObject(parseJson(body));
  const apiVersion = apiVersions.find((version) => version === review?.['apiVersion']);
  if (review?.['kind'] !== 'AdmissionReview' || apiVersion === undefined) {
    throw new ReviewError(
      'ERR_REVIEW_MALFORMED',
      `expected kind AdmissionReview of apiVersion ${apiVersions.join(' or ')}, got something else`,
    );
  }
  const request = asObject(review['request']);
  if (request === undefined) {
    throw new ReviewError('ERR_REVIEW_NO_REQUEST', 'expected an object in the field request, got none');
  }
  const uid = asString(request['uid']) ?? '';
  if (uid === '' || uid.length > maxUidLength) {
    throw new ReviewError(
      'ERR_REVIEW_NO_UID',
      `expected a text of 1 to ${String(maxUidLength)} characters in the field request.uid, got none`,
    );
  }
  return {
    apiVersion,
    uid,
    operation: asString(request['operation']),
    kind: parseKind(request['kind']),
    subResource: asString(request['subResource']) ?? '',
    namespace: asString(request['namespace']) ?? '',
    dryRun: request['dryRun'] === true,
    object: request['object'],
    oldObject: request['oldObject'],
  };
}

/**
 * Returns the body that answers a review, in the version and with the UID that came. The patch and its type are both
 * there or both absent: v1 demands it (k8s.io/apiserver, VerifyAdmissionResponse). The audit annotations depend only
 * on how the pod stands, so that a reinvocation repeats them: the API server drops a second, different value. They differ
 * only where another webhook has added the first container that the identity could go to.
 */
export function encodeReview(request: Pick<ReviewRequest, 'apiVersion' | 'uid'>, answer: ReviewAnswer): string {
  const { outcome, roleArn, operations, warnings } = answer;
  // Written as one text: what is not ours to spell is quoted, and neither base64 nor our words need it.
  const start = `{"apiVersion":"${request.apiVersion}","kind":"AdmissionReview","response":{"uid":${JSON.stringify(request.uid)}`;
  const patch =
    operations.length === 0 ? '' : `,"patchType":"JSONPatch","patch":"${answer.patch ?? encodePatch(operations)}"`;
  const said = warnings.length === 0 ? '' : `,"warnings":${JSON.stringify(boundWarnings(warnings))}`;
  const role =
    outcome === 'injected' && roleArn !== undefined
      ? `,"role":${JSON.stringify(roleArn.slice(0, maxAuditedRoleLength))}`
      : '';
  return `${start},"allowed":true${patch}${said},"auditAnnotations":{"outcome":"${outcome}"${role}}}}`;
}

function encodePatch(operations: readonly AddOperation[]): string {
  return Buffer.from(JSON.stringify(operations)).toString('base64');
}

function boundWarnings(warnings: readonly string[]): readonly string[] {
  if (warnings.length <= maxWarnings) return warnings;
  const shown = warnings.slice(0, maxWarnings - 1);
  return [...shown, `and ${String(warnings.length - shown.length)} more warnings of this kind`];
}

function parseJson(body: string): unknown {
  if (isTooDeep(body)) {
    throw new ReviewError(tooDeep.code, tooDeep.message);
  }
  try {
    return JSON.parse(body) as unknown;
  } catch {
    // The engine's message quotes the body, which may hold a secret.
    throw new ReviewError('ERR_REVIEW_NOT_JSON', 'expected a body of JSON, got something else');
  }
}

function parseKind(value: unknown): string | undefined {
  const of = asObject(value);
  return of && `${asString(of['group']) ?? ''}/${asString(of['version']) ?? ''}/${asString(of['kind']) ?? ''}`;
}
