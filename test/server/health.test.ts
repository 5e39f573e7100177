// The health endpoints, on the webhook's own application and on that of the metrics port.
import assert from 'node:assert/strict';
import { createEndController } from '../../src/kubernetes/end-signal.ts';
import type { AddRoutes } from '../../src/server/app.ts';
import { createApp } from '../../src/server/app.ts';
import { createAnswerBudget } from '../../src/server/answer-budget.ts';
import { createBodyBudget } from '../../src/server/body.ts';
import { createBodyTurns } from '../../src/server/body-turns.ts';
import { createHealthRoutes, type NotReadyReason } from '../../src/server/health.ts';
import { listen } from '../../src/server/listen.ts';
import { createMetricsRoute } from '../../src/server/metrics-route.ts';
import { createReviewGate } from '../../src/server/review-gate.ts';
import { createReviewRoute } from '../../src/server/review-route.ts';
import { useScope } from '../kubernetes/scope.ts';
import { call, type CallTarget } from './call.ts';
import { servingPair } from './serving-pair.ts';

const ignore = (): void => undefined;
const ready: NotReadyReason = () => undefined;

const ownRoutes: Readonly<Record<string, { readonly secure: boolean; readonly route: () => AddRoutes }>> = {
  'the TLS port': {
    secure: true,
    route: () =>
      createReviewRoute({
        path: '/mutate',
        namesOf: () => ({ pod: undefined, account: undefined }),
        review: () => assert.fail('no review should be asked for'),
        lookupTimeoutMs: 1_000,
        createEnd: createEndController,
        bodyBudget: createBodyBudget(),
        bodyTurns: createBodyTurns(),
        answerBudget: createAnswerBudget(),
        gate: createReviewGate(1, () => undefined),
        bodyTimeoutMs: 1_000,
        onReview: ignore,
        onRefusal: ignore,
        onCall: ignore,
        onFault: ignore,
      }).addRoutes,
  },
  'the metrics port': {
    secure: false,
    route: () => createMetricsRoute(() => Promise.resolve({ contentType: 'text/plain', body: '' })),
  },
};

describe('server/health', () => {
  const scope = useScope();

  async function start(port: string, notReady: NotReadyReason): Promise<CallTarget> {
    const { secure, route } = ownRoutes[port] ?? assert.fail();
    const pair = await servingPair();
    const app = createApp({ routes: [route(), createHealthRoutes(notReady)], onFault: ignore });
    const listener = await listen(app, { port: 0, host: '127.0.0.1', ...(secure && { pair }) });
    scope.onEnd(() => listener.close());
    return { port: listener.port, ...(secure && { ca: pair.cert }) };
  }

  for (const port of Object.keys(ownRoutes)) {
    describe(`on ${port}`, () => {
      for (const path of ['/healthz', '/livez', '/readyz']) {
        it(`${path}: ok`, async () => {
          const { status, headers, body } = await call(await start(port, ready), path);
          assert.deepEqual(
            [status, headers['content-type'], headers['content-length'], body],
            [200, 'text/plain; charset=utf-8', '2', 'ok'],
          );
        });

        it(`HEAD ${path}: the same without a body`, async () => {
          const { status, headers, body } = await call(await start(port, ready), path, { method: 'HEAD' });
          assert.deepEqual([status, headers['content-length'], body], [200, '2', '']);
        });

        it(`POST ${path}: 405`, async () => {
          const { status, headers, body } = await call(await start(port, ready), path, { method: 'POST', body: '{}' });
          assert.deepEqual([status, headers.allow], [405, 'GET, HEAD']);
          const message = `${path} answers GET and HEAD only`;
          assert.deepEqual(JSON.parse(body), {
            kind: 'Status',
            apiVersion: 'v1',
            metadata: {},
            status: 'Failure',
            message,
            reason: 'MethodNotAllowed',
            details: { causes: [{ reason: 'ERR_METHOD_NOT_ALLOWED', message }] },
            code: 405,
          });
        });
      }

      it('is alive, but not ready, while accounts cannot be read, and ready afterwards', async () => {
        let reason: string | undefined = 'service accounts cannot be read: é';
        const target = await start(port, () => reason);
        assert.equal((await call(target, '/healthz')).status, 200);
        assert.equal((await call(target, '/livez')).status, 200);
        const { status, body } = await call(target, '/readyz');
        assert.deepEqual([status, body], [503, 'not ready: service accounts cannot be read: é']);
        reason = undefined;
        assert.equal((await call(target, '/readyz')).status, 200);
      });

      it('is not found under any other spelling', async () => {
        const target = await start(port, ready);
        for (const path of ['/healthz/', '/HEALTHZ', '/health']) assert.equal((await call(target, path)).status, 404);
      });
    });
  }
});
