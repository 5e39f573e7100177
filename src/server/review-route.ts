// A route of the webhook: a call in, an AdmissionReview or a refusal out, one record of how it went.
import { type NextFunction, type Request, type Response, Router } from 'express';
import type { DecideReview, Decision, FaultDecision, ReviewedNames } from '../admission/decision.ts';
import type { Outcome } from '../admission/outcomes.ts';
import { encodeReview, parseReview, type ReviewAnswer, ReviewError, type ReviewRequest } from '../admission/review.ts';
import { type BodyBudget, type BodyError, type BodyErrorCode, readBody } from './body.ts';
import { type Refusal, refuseMethod, sendJson, sendLastRefusal, sendRefusal } from './status.ts';
import { reviewDeadlineMs } from './timeout.ts';

/** How a review ended, for the log and the metrics. */
export type ReviewRecord = {
  readonly request: ReviewRequest;
  readonly names: ReviewedNames;
  readonly outcome: Outcome;
  readonly credentials: ReviewAnswer['credentials'];
  readonly roleArn: string | undefined;
  readonly operations: number;
  readonly warnings: number;
  /** From the headers of the call to its answer. */
  readonly durationMs: number;
  /** Set where the call failed by our own fault. */
  readonly fault: string | undefined;
};

/** What a route needs. */
export type ReviewRouteOptions = {
  /** The path that it answers, such as `/mutate`. */
  readonly path: string;
  readonly review: DecideReview;
  /** Returns whom the object of a review is about. */
  readonly namesOf: (object: unknown) => ReviewedNames;
  /** Longest that a lookup may take. */
  readonly lookupTimeoutMs: number;
  /** Longest that a body may take to arrive. */
  readonly bodyTimeoutMs: number;
  /** What all bodies that are being read may take together, those of other routes too. */
  readonly bodyBudget: BodyBudget;
  readonly onReview: (record: ReviewRecord) => void;
  /** A call that was refused before there was a review. */
  readonly onRefusal: (refusal: Refusal) => void;
  readonly onCall: (call: { readonly method: string; readonly path: string; readonly statusCode: number }) => void;
  /** A fault of this program, with its stack; the caller is told nothing of it. */
  readonly onFault: (error: unknown) => void;
};

/** Creates the route that answers the reviews which are posted to a path; other methods get 405. */
export function createReviewRoute(options: ReviewRouteOptions): Router {
  const { path } = options;
  const router = Router({ caseSensitive: true, strict: true });
  const refuse = (response: Response, refusal: Refusal): void => {
    options.onRefusal(refusal);
    sendRefusal(response, refusal);
  };
  router
    .route(path)
    .all((request, response, next) => {
      // Not 'finish': a caller that is refused may be gone before the end of its answer.
      response.once('close', () => {
        const { headersSent, statusCode } = response;
        if (headersSent) options.onCall({ method: request.method, path, statusCode });
      });
      next();
    })
    .post((request, response, next) => {
      const startMs = performance.now();
      const mediaRefusal = refuseMedia(request);
      if (mediaRefusal) {
        refuse(response, mediaRefusal);
        return;
      }
      readBody(request, { timeoutMs: options.bodyTimeoutMs, budget: options.bodyBudget }, (error, body) => {
        // Express does not see what is thrown in here, and the process would end by it.
        try {
          if (error) refuseBody(request, response, error, options);
          else answerReview({ request, response, next, startMs }, body, options);
        } catch (fault) {
          next(fault);
        }
      });
    })
    .all((_request, response) => {
      refuse(response, refuseMethod(response, path, ['POST']));
    });
  return router;
}

type Call = {
  readonly request: Request;
  readonly response: Response;
  readonly next: NextFunction;
  readonly startMs: number;
};

function answerReview(call: Call, body: string, options: ReviewRouteOptions): void {
  let review: ReviewRequest;
  try {
    review = parseReview(body);
  } catch (error) {
    if (!(error instanceof ReviewError)) throw error;
    const refusal: Refusal = { statusCode: 400, code: error.code, message: error.message };
    options.onRefusal(refusal);
    sendRefusal(call.response, refusal);
    return;
  }
  const finish = (decision: Decision): void => {
    sendDecision(call, review, decision, options);
  };
  const fail = (error: unknown): void => {
    options.onFault(error);
    // Where the answer is out, the fault was in recording it.
    if (!call.response.headersSent) finish({ kind: 'fault', outcome: 'internal_error', message: 'internal error' });
  };
  try {
    const decision = options.review(review, deadlineOf(call, options.lookupTimeoutMs));
    if (decision instanceof Promise) decision.then(finish).catch(fail).catch(call.next);
    else finish(decision);
  } catch (error) {
    fail(error);
  }
}

function deadlineOf({ request, response, startMs }: Call, lookupTimeoutMs: number): Parameters<DecideReview>[1] {
  return {
    atMs: reviewDeadlineMs(request.url, startMs, lookupTimeoutMs),
    callerGone: () => {
      const gone = new AbortController();
      if (response.destroyed) gone.abort();
      response.once('close', () => {
        if (!response.writableFinished) gone.abort();
      });
      return gone.signal;
    },
  };
}

function sendFault(response: Response, { outcome, message, retryAfterSeconds }: FaultDecision): void {
  const statusCode = outcome === 'pod_too_large' ? 413 : 500;
  // The API server tries again within its timeout where it is told when (client-go, rest/with_retry.go).
  if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
  sendRefusal(response, { statusCode, code: `ERR_${outcome.toUpperCase()}`, message });
}

function sendDecision(call: Call, review: ReviewRequest, decision: Decision, options: ReviewRouteOptions): void {
  if (decision.kind === 'fault') sendFault(call.response, decision);
  else sendJson(call.response, 200, encodeReview(review, decision));
  const answered = decision.kind === 'answer' ? decision : undefined;
  options.onReview({
    request: review,
    names: options.namesOf(review.object),
    outcome: decision.outcome,
    credentials: answered?.credentials,
    roleArn: answered?.roleArn,
    operations: answered?.operations.length ?? 0,
    warnings: answered?.warnings.length ?? 0,
    durationMs: performance.now() - call.startMs,
    fault: decision.kind === 'fault' ? (decision.detail ?? decision.message) : undefined,
  });
}

function refuseMedia(request: Request): Refusal | undefined {
  const mediaType = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') {
    return { statusCode: 415, code: 'ERR_MEDIA_TYPE', message: 'expected Content-Type application/json' };
  }
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    return { statusCode: 415, code: 'ERR_CONTENT_ENCODING', message: 'expected a body without Content-Encoding' };
  }
  return undefined;
}

const bodyStatusCodes: Readonly<Record<Exclude<BodyErrorCode, 'ERR_BODY_ABORTED'>, Refusal['statusCode']>> = {
  ERR_BODY_BUDGET: 503,
  ERR_BODY_TIMEOUT: 408,
  ERR_BODY_TOO_LARGE: 413,
};

function refuseBody(request: Request, response: Response, error: BodyError, options: ReviewRouteOptions): void {
  if (error.code === 'ERR_BODY_ABORTED') return;
  const refusal: Refusal = { statusCode: bodyStatusCodes[error.code], code: error.code, message: error.message };
  options.onRefusal(refusal);
  // As for a fault that may pass.
  if (refusal.statusCode === 503) response.setHeader('Retry-After', '1');
  sendLastRefusal(request, response, refusal);
}
