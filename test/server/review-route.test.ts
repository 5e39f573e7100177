// The routes of the webhook: faults, deadlines, callers that go, and what its observers are told.
import assert from 'node:assert/strict';
import type { Deadline } from '../../src/accounts/lookup.ts';
import type { Decision } from '../../src/admission/decision.ts';
import { reviewDeadlineMs } from '../../src/server/timeout.ts';
import { createAccountReview, createReview, identity, roleArn, uid } from '../admission/reviews.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';
import { type CallAnswer, callMutate, postReview } from './call.ts';
import { callText, openTls } from './raw-tls.ts';
import { startWebhook, type TestWebhook } from './webhook.ts';

const internalError =
  '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"internal error",' +
  '"reason":"InternalError","details":{"causes":[{"reason":"ERR_INTERNAL_ERROR","message":"internal error"}]},"code":500}';

function assertInternalError({ status, headers, body }: CallAnswer): void {
  assert.equal(status, 500);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(body, internalError);
}

const boom = new Error('boom');

function throwBoom(): never {
  throw boom;
}

/** The calls that a webhook has told of; it tells after the caller has the answer. */
async function callsOf(webhook: TestWebhook, count: number): Promise<readonly string[]> {
  await eventually('the record of the calls', () => webhook.calls.length >= count);
  return webhook.calls;
}

describe('server/review-route', () => {
  const scope = useScope();

  describe('faults', () => {
    const faulty = {
      'a lookup that throws': throwBoom,
      'a lookup that rejects': () => Promise.reject(boom),
      'a lookup that throws after a while': async () => {
        await new Promise((resolve) => setImmediate(resolve));
        throw boom;
      },
    };
    for (const [name, lookup] of Object.entries(faulty)) {
      it(`${name}: 500, one fault, one answer`, async () => {
        const webhook = await startWebhook(scope, { lookup });
        const connection = await openTls(scope, webhook);
        connection.socket.write(callText(JSON.stringify(createReview())));
        const [answer] = await connection.answers(1);
        assert.equal(answer?.body, internalError);
        // The connection serves on: a second answer to the first call would come before this one.
        connection.socket.write(callText('{'));
        const answers = await connection.answers(2);
        assert.deepEqual(
          answers.map(({ status }) => status),
          [500, 400],
        );
        assert.deepEqual(webhook.faults, [boom]);
        assert.deepEqual(await callsOf(webhook, 2), ['POST /mutate 500', 'POST /mutate 400']);
        assert.equal(webhook.reviews.length, 1);
        const [record] = webhook.reviews;
        assert.equal(record?.outcome, 'internal_error');
        assert.equal(record.fault, 'internal error');
        assert.equal(record.roleArn, undefined);
      });
    }

    it('an answer that cannot be written: 500, one fault', async () => {
      const operations = [{ op: 'add', path: '/spec/volumes', value: 1n }] as const;
      const decision: Decision = { kind: 'answer', outcome: 'injected', operations, warnings: [] };
      for (const review of [() => decision, () => Promise.resolve(decision)]) {
        const webhook = await startWebhook(scope, { review });
        assertInternalError(await callMutate(webhook, createReview()));
        assert.equal(webhook.faults.length, 1);
        assert.deepEqual(await callsOf(webhook, 1), ['POST /mutate 500']);
      }
    });

    it('an observer that throws takes no answer away', async () => {
      for (const lookup of [() => identity, () => Promise.resolve(identity)]) {
        const webhook = await startWebhook(scope, { onReview: throwBoom, lookup });
        assert.equal((await callMutate(webhook, createReview())).status, 200);
        assert.deepEqual(webhook.faults, [boom]);
      }
    });

    it('an observer that throws at a fault of ours, too, ends neither answer nor process', async () => {
      for (const lookup of [throwBoom, () => Promise.reject(boom)]) {
        const webhook = await startWebhook(scope, { onReview: throwBoom, lookup });
        assertInternalError(await callMutate(webhook, createReview()));
        assert.equal((await callMutate(webhook, createReview())).status, 500);
        await eventually('two faults a call', () => webhook.faults.length === 4);
      }
    });

    it('an observer of refusals that throws: 500, and the server lives on', async () => {
      const webhook = await startWebhook(scope, {
        onRefusal: throwBoom,
      });
      assertInternalError(await callMutate(webhook, {}));
      assertInternalError(await callMutate(webhook, {}, { headers: { 'Content-Type': 'text/plain' } }));
      assert.deepEqual(webhook.faults, [boom, boom]);
      assert.equal((await callMutate(webhook, createReview())).status, 200);
    });

    for (const reason of ['lookup_failed', 'lookup_timeout'] as const) {
      it(`${reason}: 500 with its message, and nothing for the log of faults`, async () => {
        const message = 'cannot read service account shop/cart: the API server answered 403: forbidden';
        const webhook = await startWebhook(scope, { lookup: () => ({ kind: 'fault', reason, message }) });
        const { status, body } = await callMutate(webhook, createReview());
        assert.equal(status, 500);
        assert.deepEqual(JSON.parse(body), {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message,
          reason: 'InternalError',
          details: { causes: [{ reason: `ERR_${reason.toUpperCase()}`, message }] },
          code: 500,
        });
        assert.deepEqual(webhook.faults, []);
        assert.equal(webhook.reviews[0]?.outcome, reason);
        assert.equal(webhook.reviews[0].fault, message);
      });
    }
  });

  for (const [what, advice, expected] of [
    ['that may pass: when to try again', { retryAfterSeconds: 1 }, '1'],
    ['that will stay: no such advice', {}, undefined],
  ] as const) {
    it(`a fault ${what}`, async () => {
      const fault = { kind: 'fault', reason: 'lookup_failed', message: 'no answer', ...advice } as const;
      const webhook = await startWebhook(scope, { lookup: () => fault });
      const { status, headers } = await callMutate(webhook, createReview());
      assert.deepEqual([status, headers['retry-after']], [500, expected]);
    });
  }

  describe('deadlines', () => {
    const deadlines: readonly (readonly [url: string, expectedMs: number])[] = [
      ['/mutate', 1_000],
      ['/mutate?timeout=10s', 1_000],
      ['/mutate?timeout=1s', 900],
      ['/mutate?timeout=500ms', 450],
      ['/mutate?timeout=0.5s', 450],
      ['/mutate?timeout=1m', 1_000],
      ['/mutate?timeout=0s', 0],
      ['/mutate?x=1&timeout=500ms&y=2', 450],
      ['/mutate?timeout=', 1_000],
      ['/mutate?timeout=abc', 1_000],
      ['/mutate?timeout=-1s', 1_000],
      ['/mutate?timeout=1', 1_000],
      ['/mutate?timeout=1h', 1_000],
      ['/mutate?timeout=1s500ms', 1_000],
      ['/mutate?timeout=1e-9s', 1_000],
      ['/mutate?timeout=9999999s', 1_000],
      ['/mutate?xtimeout=500ms', 1_000],
      [`/mutate?timeout=${'1'.repeat(10_000)}s`, 1_000],
    ];
    for (const [url, expectedMs] of deadlines) {
      it(`${url.slice(0, 50)}: after ${String(expectedMs)} ms of 1,000`, () => {
        assert.equal(reviewDeadlineMs(url, 50_000, 1_000), 50_000 + expectedMs);
      });
    }

    it('never gives more than the lookup may take', () => {
      assert.equal(reviewDeadlineMs('/mutate?timeout=30s', 0, 200), 200);
    });

    it('reach the lookup on its clock, shortened by what the API server says', async () => {
      const remainingMs: number[] = [];
      const webhook = await startWebhook(scope, {
        lookupTimeoutMs: 60_000,
        lookup: (_, { atMs }) => {
          remainingMs.push(atMs - performance.now());
          return identity;
        },
      });
      await callMutate(webhook, createReview());
      await callMutate(webhook, createReview(), { query: '?timeout=10s' });
      const [whole = 0, shortened = 0] = remainingMs;
      assert.ok(whole > 50_000 && whole <= 60_000, String(whole));
      assert.ok(shortened > 5_000 && shortened <= 9_000, String(shortened));
    });
  });

  describe('callers that go away', () => {
    it('abort the lookup, and nothing of it is a fault of ours', async () => {
      const deadlines: Deadline[] = [];
      const webhook = await startWebhook(scope, {
        lookup: (_, deadline) =>
          new Promise((resolve) => {
            deadlines.push(deadline);
            deadline.callerGone().addEventListener('abort', () => {
              resolve({ kind: 'fault', reason: 'lookup_failed', message: 'the caller went away' });
            });
          }),
      });
      const caller = new AbortController();
      const answer = callMutate(webhook, createReview(), { signal: caller.signal });
      await eventually('the lookup to be asked', () => deadlines.length === 1);
      caller.abort();
      await assert.rejects(answer, { name: 'AbortError' });
      await eventually('the review to end', () => webhook.reviews.length === 1);
      assert.equal(webhook.reviews[0]?.outcome, 'lookup_failed');
      assert.deepEqual(webhook.calls, []);
      assert.deepEqual(webhook.faults, []);
      assert.equal(deadlines[0]?.callerGone().aborted, true, 'also for who asks afterwards');
    });

    it('are not those whose answer came', async () => {
      const signals: ReturnType<Deadline['callerGone']>[] = [];
      const webhook = await startWebhook(scope, {
        lookup: (_, deadline) => {
          const gone = deadline.callerGone();
          gone.addEventListener('abort', () => assert.fail('nobody has gone'));
          signals.push(gone);
          return identity;
        },
      });
      await callMutate(webhook, createReview());
      await eventually('the end of the connection', () => webhook.sockets.size === 0);
      assert.equal(signals[0]?.aborted, false);
      assert.deepEqual(webhook.faults, []);
    });

    it('are told to nobody who has left, or leaves meanwhile', async () => {
      const told: string[] = [];
      const webhook = await startWebhook(scope, {
        lookup: (_, deadline) =>
          new Promise((resolve) => {
            const gone = deadline.callerGone();
            const [left, leaving] = ['left', 'leaving'].map((name) => () => void told.push(name));
            assert.ok(left !== undefined && leaving !== undefined);
            gone.addEventListener('abort', left);
            gone.removeEventListener('abort', left);
            gone.addEventListener('abort', () => {
              told.push('still here');
              gone.removeEventListener('abort', leaving);
              resolve(identity);
            });
            gone.addEventListener('abort', leaving);
            told.push('asked');
          }),
      });
      const caller = new AbortController();
      const answer = callMutate(webhook, createReview(), { signal: caller.signal });
      await eventually('the lookup to be asked', () => told.length === 1);
      caller.abort();
      await assert.rejects(answer, { name: 'AbortError' });
      await eventually('the review to end', () => webhook.reviews.length === 1);
      assert.deepEqual(told, ['asked', 'still here']);
    });
  });

  describe('the entry for service accounts', () => {
    const path = '/validate/service-accounts';
    const soon = { 'eks.amazonaws.com/role-arn': roleArn, 'eks.amazonaws.com/token-expiration': 'soon' };
    const warning =
      'account annotation eks.amazonaws.com/token-expiration: "soon" is not a whole number of seconds; 86400 is used';

    for (const apiVersion of ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']) {
      it(`answers ${apiVersion}: allowed, the warnings, no patch`, async () => {
        const webhook = await startWebhook(scope, { lookup: throwBoom });
        const { status, body } = await postReview(webhook, path, { ...createAccountReview(soon), apiVersion });
        assert.equal(status, 200);
        assert.deepEqual(JSON.parse(body), {
          apiVersion,
          kind: 'AdmissionReview',
          response: { uid, allowed: true, warnings: [warning], auditAnnotations: { outcome: 'account_checked' } },
        });
        assert.deepEqual(await callsOf(webhook, 1), [`POST ${path} 200`]);
      });
    }

    it('allows without a word where there is nothing to check, a pod too', async () => {
      const webhook = await startWebhook(scope, { lookup: throwBoom });
      for (const review of [createAccountReview(soon, { operation: 'DELETE', object: null }), createReview()]) {
        const { body } = await postReview(webhook, path, review);
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the test expects; a missing field fails it
        const { response } = JSON.parse(body) as { response: object };
        assert.deepEqual(response, { uid, allowed: true, auditAnnotations: { outcome: 'nothing_to_check' } });
      }
    });

    it('leaves an account that comes by the other path alone', async () => {
      const webhook = await startWebhook(scope);
      const { body } = await callMutate(webhook, createAccountReview(soon));
      assert.match(body, /"auditAnnotations":\{"outcome":"kind_not_pod"\}/);
    });

    it('records the account, and neither pod nor role', async () => {
      const webhook = await startWebhook(scope);
      await postReview(webhook, path, createAccountReview(soon));
      const [{ request: _request, durationMs: _durationMs, ...rest } = assert.fail()] = webhook.reviews;
      assert.deepEqual(rest, {
        names: { pod: undefined, account: 'cart' },
        outcome: 'account_checked',
        credentials: undefined,
        roleArn: undefined,
        operations: 0,
        warnings: 1,
        fault: undefined,
      });
    });
  });

  describe('records', () => {
    it('of a review: what it asked, how it ended, how long it took', async () => {
      const webhook = await startWebhook(scope, {
        lookup: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return { ...identity, warnings: ['of the account'] };
        },
      });
      await callMutate(webhook, createReview({ dryRun: true }));
      const [record] = webhook.reviews;
      assert.ok(record);
      const { request, durationMs, ...rest } = record;
      assert.equal(request.uid, uid);
      assert.equal(request.dryRun, true);
      assert.ok(durationMs > 0 && durationMs < 5_000, String(durationMs));
      assert.deepEqual(rest, {
        names: { pod: 'cart-0', account: 'cart' },
        outcome: 'injected',
        credentials: 'sts_web_identity',
        roleArn,
        operations: 4,
        warnings: 1,
        fault: undefined,
      });
      assert.deepEqual(await callsOf(webhook, 1), ['POST /mutate 200']);
      assert.deepEqual(webhook.refusals, []);
    });

    it('of a refused call: no review, the refusal and the call', async () => {
      const webhook = await startWebhook(scope);
      await callMutate(webhook, {});
      assert.deepEqual(webhook.reviews, []);
      assert.deepEqual(
        webhook.refusals.map(({ statusCode, code }) => `${String(statusCode)} ${code}`),
        ['400 ERR_REVIEW_MALFORMED'],
      );
      assert.deepEqual(await callsOf(webhook, 1), ['POST /mutate 400']);
    });
  });
});
