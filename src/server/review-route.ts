// A route of the webhook: a call in, an AdmissionReview or a refusal out, one record of how it went.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DecideReview, Decision, FaultDecision, ReviewedNames } from '../admission/decision.ts';
import { textWithoutManagedFields } from '../admission/managed-fields.ts';
import type { Outcome } from '../admission/outcomes.ts';
import { encodeReview, parseReview, type ReviewAnswer, ReviewError, type ReviewRequest } from '../admission/review.ts';
import type { AddRoutes, DirectPost } from './app.ts';
import { type AnswerBudget, holdAnswer } from './answer-budget.ts';
import { type BodyBudget, type BodyError, type BodyErrorCode, readBody } from './body.ts';
import type { TakeTurns } from './body-turns.ts';
import type { ReviewGate } from './review-gate.ts';
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

type ReviewDeadline = Parameters<DecideReview>[1];
type CallerGone = ReturnType<ReviewDeadline['callerGone']>;

/** What a route needs. */
export type ReviewRouteOptions = {
  /** The path that it answers, such as `/mutate`. */
  readonly path: string;
  readonly review: DecideReview;
  /** Returns whom the object of a review is about. */
  readonly namesOf: (object: unknown) => ReviewedNames;
  /** Longest that a lookup may take. */
  readonly lookupTimeoutMs: number;
  /** Makes what tells a lookup that the caller has gone: an AbortController will do, and costs as much as the rest of it. */
  readonly createEnd: () => { readonly signal: CallerGone; readonly abort: () => void };
  /** Longest that a body may take to arrive. */
  readonly bodyTimeoutMs: number;
  /** What all bodies that are being read may take together, those of other routes too. */
  readonly bodyBudget: BodyBudget;
  /** How large bodies are read, those of other routes too. */
  readonly bodyTurns: TakeTurns;
  /** What all large answers that have not left may take together, those of other routes too. */
  readonly answerBudget: AnswerBudget;
  /** Bounds the reviews that wait for a lookup, those of other routes too. */
  readonly gate: ReviewGate;
  readonly onReview: (record: ReviewRecord) => void;
  /** A call that was refused: before there was a review, or because too many waited or did not read. */
  readonly onRefusal: (refusal: Refusal) => void;
  readonly onCall: (call: { readonly method: string; readonly path: string; readonly statusCode: number }) => void;
  /** A fault of this program, with its stack; the caller is told nothing of it. */
  readonly onFault: (error: unknown) => void;
};

/** A route, and its one handler that has to be fast. */
export type ReviewRoute = DirectPost & { readonly addRoutes: AddRoutes };

/** Returns the route that answers the reviews which are posted to a path; other methods get 405. */
export function createReviewRoute(options: ReviewRouteOptions): ReviewRoute {
  const { path } = options;
  const post: DirectPost['post'] = (request, response, next) => {
    const call: Call = { request, response, next, startMs: performance.now() };
    attempt(call, options, () => {
      const mediaRefusal = refuseMedia(request);
      if (mediaRefusal) refuse(call, mediaRefusal, options);
      else receiveReview(call, options);
    });
  };
  return {
    path,
    post,
    addRoutes: (router) => {
      router
        .route(path)
        .post(post)
        .all((request, response, next) => {
          const call: Call = { request, response, next, startMs: performance.now() };
          attempt(call, options, () => {
            refuse(call, refuseMethod(response, path, ['POST']), options);
          });
        });
    },
  };
}

type Call = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Leaves the call to the application. */
  readonly next: (fault: unknown) => void;
  readonly startMs: number;
};

/** Express does not see what is thrown in a callback, and the process would end by it. */
function attempt(call: Call, options: ReviewRouteOptions, step: () => void): void {
  try {
    step();
  } catch (fault) {
    failCall(call, fault, options);
  }
}

/** Leaves the answer to the application, and counts what it has become. */
function failCall({ request, response, next }: Call, fault: unknown, options: ReviewRouteOptions): void {
  if (!response.headersSent) {
    response.once('close', () => {
      if (response.headersSent) countCall(request, response, options);
    });
  }
  next(fault);
}

function countCall(request: IncomingMessage, { statusCode }: ServerResponse, options: ReviewRouteOptions): void {
  options.onCall({ method: request.method ?? '', path: options.path, statusCode });
}

/** Sends an answer and counts it; one that nobody waits for any more is neither. */
function answer({ request, response }: Call, options: ReviewRouteOptions, send: () => void): void {
  if (response.destroyed) return;
  send();
  countCall(request, response, options);
}

function refuse(call: Call, refusal: Refusal, options: ReviewRouteOptions): void {
  options.onRefusal(refusal);
  answer(call, options, () => {
    sendRefusal(call.response, refusal);
  });
}

function receiveReview(call: Call, options: ReviewRouteOptions): void {
  const { bodyTimeoutMs: timeoutMs, bodyBudget: budget, bodyTurns: takeTurns } = options;
  readBody(call.request, { timeoutMs, budget, takeTurns }, (error, body) => {
    attempt(call, options, () => {
      if (error) refuseBody(call, error, options);
      else answerReview(call, body, options);
    });
  });
}

function answerReview(call: Call, body: Buffer, options: ReviewRouteOptions): void {
  let review: ReviewRequest;
  try {
    review = parseReview(textWithoutManagedFields(body));
  } catch (error) {
    if (!(error instanceof ReviewError)) throw error;
    refuse(call, { statusCode: 400, code: error.code, message: error.message }, options);
    return;
  }
  const send = (decision: Decision): void => {
    sendDecision(call, review, decision, options);
  };
  const tellFault = (error: unknown): void => {
    options.onFault(error);
    // Where the answer is out, the fault was in recording it.
    if (!call.response.headersSent) send({ kind: 'fault', outcome: 'internal_error', message: 'internal error' });
  };
  const wait = createWait(call, options);
  const finish = (decision: Decision): void => {
    endWait(wait, options);
    attempt(call, options, () => {
      try {
        if (wait.state === 'shed' && decision.kind === 'fault') shedReview(call, options);
        else send(decision);
      } catch (error) {
        tellFault(error);
      }
    });
  };
  const fail = (error: unknown): void => {
    endWait(wait, options);
    attempt(call, options, () => {
      tellFault(error);
    });
  };
  let decision: ReturnType<DecideReview>;
  try {
    decision = options.review(review, wait.deadline);
  } catch (error) {
    fail(error);
    return;
  }
  if (decision instanceof Promise) decision.then(finish, fail);
  else finish(decision);
}

function shedReview(call: Call, options: ReviewRouteOptions): void {
  options.gate.turnAway();
  const message = 'too many reviews wait for a lookup (--max-reviews-in-flight); try again';
  shed(call, { code: 'ERR_REVIEWS_IN_FLIGHT', message }, options);
}

/** The API server sends the call again after that time, up to ten times within its timeout. */
function shed(call: Call, reason: Pick<Refusal, 'code' | 'message'>, options: ReviewRouteOptions): void {
  call.response.setHeader('Retry-After', '1');
  refuse(call, { statusCode: 503, ...reason }, options);
}

/** A review's deadline, and whether a lookup has to wait for something, or had no room to. */
type Wait = { readonly deadline: ReviewDeadline; state: 'at hand' | 'waits' | 'shed' };

/**
 * Makes the deadline of a review. Only a lookup that has to wait asks it who has gone, so that is where the review enters the
 * gate: one whose answer is at hand is answered however many others wait. One that finds no room is told that nobody waits.
 */
function createWait({ request, response, startMs }: Call, options: ReviewRouteOptions): Wait {
  let end: ReturnType<typeof options.createEnd> | undefined;
  const deadline: ReviewDeadline = {
    atMs: reviewDeadlineMs(request.url ?? '', startMs, options.lookupTimeoutMs),
    callerGone: () => {
      if (end !== undefined) return end.signal;
      const { signal, abort } = (end = options.createEnd());
      wait.state = options.gate.enter() ? 'waits' : 'shed';
      if (wait.state === 'shed' || (response.destroyed && !response.writableFinished)) abort();
      response.on('close', () => {
        if (!response.writableFinished) abort();
      });
      return signal;
    },
  };
  const wait: Wait = { deadline, state: 'at hand' };
  return wait;
}

function endWait({ state }: Wait, { gate }: ReviewRouteOptions): void {
  if (state === 'waits') gate.leave();
}

function sendFault(response: ServerResponse, { outcome, message, retryAfterSeconds }: FaultDecision): void {
  const statusCode = outcome === 'pod_too_large' ? 413 : 500;
  // The API server tries again within its timeout where it is told when (client-go, rest/with_retry.go).
  if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
  sendRefusal(response, { statusCode, code: `ERR_${outcome.toUpperCase()}`, message });
}

function sendDecision(call: Call, review: ReviewRequest, decision: Decision, options: ReviewRouteOptions): void {
  const body = decision.kind === 'fault' ? '' : encodeReview(review, decision);
  if (!holdAnswer(call.response, body.length, options.answerBudget)) {
    shed(call, { code: 'ERR_ANSWERS_UNREAD', message: 'too many large answers are not read; try again' }, options);
    return;
  }
  answer(call, options, () => {
    if (decision.kind === 'fault') sendFault(call.response, decision);
    else sendJson(call.response, 200, body);
  });
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

function refuseMedia(request: IncomingMessage): Refusal | undefined {
  const contentType = request.headers['content-type'] ?? '';
  // As the API server writes it.
  if (contentType !== 'application/json' && !/^\s*application\/json\s*(?:;|$)/i.test(contentType)) {
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
  ERR_REVIEW_TOO_DEEP: 400,
};

function refuseBody(call: Call, error: BodyError, options: ReviewRouteOptions): void {
  if (error.code === 'ERR_BODY_ABORTED') return;
  const refusal: Refusal = { statusCode: bodyStatusCodes[error.code], code: error.code, message: error.message };
  options.onRefusal(refusal);
  answer(call, options, () => {
    // As for a fault that may pass.
    if (refusal.statusCode === 503) call.response.setHeader('Retry-After', '1');
    sendLastRefusal(call.request, call.response, refusal);
  });
}
