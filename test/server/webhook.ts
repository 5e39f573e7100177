// The webhook on a port of its own, and all that its route told its observers.
import type { Socket } from 'node:net';
import type { Lookup } from '../../src/accounts/lookup.ts';
import { createPodReview } from '../../src/admission/pods.ts';
import { createApp } from '../../src/server/app.ts';
import { createBodyBudget } from '../../src/server/body.ts';
import { createHealthRoutes } from '../../src/server/health.ts';
import { type Listener, listen } from '../../src/server/listen.ts';
import { createMutateRoute, type MutateOptions, type ReviewRecord } from '../../src/server/mutate.ts';
import type { Refusal } from '../../src/server/status.ts';
import { identityAtHand, settings } from '../admission/reviews.ts';
import type { Scope } from '../kubernetes/scope.ts';
import { servingPair } from './serving-pair.ts';

export type TestWebhook = Listener & {
  /** What a client has to trust. */
  readonly ca: string;
  readonly reviews: readonly ReviewRecord[];
  readonly refusals: readonly Refusal[];
  /** Method and status of each call that was answered. */
  readonly calls: readonly string[];
  readonly faults: readonly unknown[];
  /** Connections on which a call came, and which are still open. */
  readonly sockets: ReadonlySet<Socket>;
};

/** Starts the webhook; the scope stops it. */
export async function startWebhook(
  scope: Pick<Scope, 'onEnd'>,
  options: Partial<MutateOptions> & { readonly lookup?: Lookup } = {},
): Promise<TestWebhook> {
  const { lookup = identityAtHand, ...changes } = options;
  const reviews: ReviewRecord[] = [];
  const refusals: Refusal[] = [];
  const calls: string[] = [];
  const faults: unknown[] = [];
  const onFault = (error: unknown) => faults.push(error);
  const route = createMutateRoute({
    reviewPod: createPodReview({ lookup, settings }),
    lookupTimeoutMs: 1_000,
    bodyTimeoutMs: 5_000,
    bodyBudget: createBodyBudget(),
    onReview: (record) => reviews.push(record),
    onRefusal: (refusal) => refusals.push(refusal),
    onCall: (method, statusCode) => calls.push(`${method} ${String(statusCode)}`),
    onFault,
    ...changes,
  });
  const app = createApp({ routes: [route, createHealthRoutes(() => undefined)], onFault });
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
  scope.onEnd(() => listener.drain(0));
  return { ...listener, ca: pair.cert, reviews, refusals, calls, faults, sockets };
}
