// How a review is to be answered, whichever entry it came by.
import type { Deadline } from '../accounts/lookup.ts';
import type { FaultOutcome, Outcome } from './outcomes.ts';
import type { ReviewAnswer, ReviewRequest } from './review.ts';

/** The object is allowed, with or without operations. */
export type AnsweredDecision = ReviewAnswer & { readonly kind: 'answer'; readonly outcome: Outcome };
/** No decision, by our own fault: the call must fail, so that the operator's failurePolicy decides. */
export type FaultDecision = {
  readonly kind: 'fault';
  readonly outcome: FaultOutcome;
  readonly message: string;
  /** For the log, where there is more to say. */
  readonly detail?: string;
  /** Set where the same call may well succeed this much later. */
  readonly retryAfterSeconds?: number;
};
/** How a review is to be answered. */
export type Decision = AnsweredDecision | FaultDecision;

/** Decides a review; at once where nobody has to be asked who does not answer at once. */
export type DecideReview = (request: ReviewRequest, deadline: Deadline) => Decision | Promise<Decision>;

/** Whom a review is about, for the log; undefined where its object does not say. */
export type ReviewedNames = { readonly pod: string | undefined; readonly account: string | undefined };

/** Returns the decision that changes nothing. */
export function untouched(outcome: Outcome): AnsweredDecision {
  return { kind: 'answer', outcome, operations: [], warnings: [] };
}
