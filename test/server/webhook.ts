// The webhook on a port of its own, and all that its routes told their observers.
import type { Socket } from 'node:net';
import type { Lookup } from '../../src/accounts/lookup.ts';
import { createPodReview, podNames } from '../../src/admission/pods.ts';
import { accountNames, createServiceAccountReview } from '../../src/admission/service-accounts.ts';
import { createEndController } from '../../src/kubernetes/end-signal.ts';
import { createApp } from '../../src/server/app.ts';
import { createAnswerBudget } from '../../src/server/answer-budget.ts';
import { createBodyBudget } from '../../src/server/body.ts';
import { createBodyTurns } from '../../src/server/body-turns.ts';
import { createHealthRoutes } from '../../src/server/health.ts';
import { type Listener, listen } from '../../src/server/listen.ts';
import { createReviewGate } from '../../src/server/review-gate.ts';
import { createReviewRoute, type ReviewRecord, type ReviewRouteOptions } from '../../src/server/review-route.ts';
import type { Refusal } from '../../src/server/status.ts';
import { defaults, identityAtHand, settings } from '../admission/reviews.ts';
import type { Scope } from '../kubernetes/scope.ts';
import { servingPair } from './serving-pair.ts';

export type TestWebhook = Listener & {
  /** What a client has to trust. */
  readonly ca: string;
  readonly reviews: readonly ReviewRecord[];
  readonly refusals: readonly Refusal[];
  /** Method, path and status of each call that was answered. */
  readonly calls: readonly string[];
  readonly faults: readonly unknown[];
  /** Connections on which a call came, and which are still open. */
  readonly sockets: ReadonlySet<Socket>;
};

/** Starts the webhook; the scope stops it. */
export async function startWebhook(
  scope: Pick<Scope, 'onEnd'>,
  options: Partial<Omit<ReviewRouteOptions, 'path' | 'namesOf'>> & { readonly lookup?: Lookup } = {},
): Promise<TestWebhook> {
  const { lookup = identityAtHand, review = createPodReview({ lookup, settings }), ...changes } = options;
  const reviews: ReviewRecord[] = [];
  const refusals: Refusal[] = [];
  const calls: string[] = [];
  const faults: unknown[] = [];
  const onFault = (error: unknown) => faults.push(error);
  const shared = {
    lookupTimeoutMs: 1_000,
    createEnd: createEndController,
    bodyTimeoutMs: 5_000,
    bodyBudget: createBodyBudget(),
    bodyTurns: createBodyTurns(),
    answerBudget: createAnswerBudget(),
    gate: createReviewGate(1_000, () => undefined),
    onReview: (record: ReviewRecord) => reviews.push(record),
    onRefusal: (refusal: Refusal) => refusals.push(refusal),
    onCall: ({ method, path, statusCode }: Parameters<ReviewRouteOptions['onCall']>[0]) =>
      calls.push(`${method} ${path} ${String(statusCode)}`),
    onFault,
    ...changes,
  };
  const mutate = createReviewRoute({ ...shared, path: '/mutate', review, namesOf: podNames });
  const validate = createReviewRoute({
    ...shared,
    path: '/validate/service-accounts',
    review: createServiceAccountReview(defaults),
    namesOf: accountNames,
  });
  const routes = [mutate.addRoutes, validate.addRoutes, createHealthRoutes(() => undefined)];
  const app = createApp({ routes, direct: [mutate, validate], onFault });
  const pair = await servingPair();
  const sockets = new Set<Socket>();
  const listener = await listen(
    (request, response) => {
      const { socket } = request;
      if (!sockets.has(socket)) socket.once('close', () => sockets.delete(socket));
      sockets.add(socket);
      app(request, response);
    },
    { port: 0, host: '127.0.0.1', pair },
  );
  scope.onEnd(() => listener.close());
  return { ...listener, ca: pair.cert, reviews, refusals, calls, faults, sockets };
}
