// Answers of a webhook to the reviews of the benchmark, for tests: right ones, and wrong ones.
import { asObject, type JsonObject } from '../../src/identity/json.ts';
import { inject } from '../../src/injection/inject.ts';
import { identity, settings } from '../admission/reviews.ts';
import type { Order } from './right-answer.ts';

/** Parts of the response that differ from the right one; those that are undefined are left out. */
export type ResponseChanges = JsonObject;

/** Returns the right answer to an order, but for what is changed. */
export function answerTo(order: Order, changes: ResponseChanges = {}): string {
  const { uid, outcome, roleArn, review } = order;
  const patch = roleArn === undefined ? {} : { patchType: 'JSONPatch', patch: patchFor(order, roleArn) };
  const auditAnnotations = { outcome, ...(roleArn !== undefined && { role: roleArn }) };
  const response = { uid, allowed: true, ...patch, auditAnnotations, ...changes };
  return JSON.stringify({ apiVersion: review['apiVersion'], kind: 'AdmissionReview', response });
}

/** Returns the patch, in base64, that gives the pod of an order some role. */
export function patchFor({ review }: Order, roleArn: string): string {
  const pod = asObject(review['request'])?.['object'];
  return encodePatch(inject(pod, { ...identity, roleArn }, settings).operations);
}

/** Returns operations as they stand in an answer. */
export function encodePatch(operations: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(operations)).toString('base64');
}
