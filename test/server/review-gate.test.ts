// Reviews that wait are bounded: over the bound a 503 that is tried again, and room again as reviews end, however they do.
import assert from 'node:assert/strict';
import type { DecideReview, Decision } from '../../src/admission/decision.ts';
import { asObject, asString } from '../../src/identity/json.ts';
import { createReviewGate, type ReviewGate } from '../../src/server/review-gate.ts';
import { createReview } from '../admission/reviews.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';
import { call, callMutate } from './call.ts';
import { startWebhook, type TestWebhook } from './webhook.ts';

const answer: Decision = { kind: 'answer', outcome: 'no_role_annotation', operations: [], warnings: [] };

type Held = { readonly resolve: (decision: Decision) => void; readonly reject: (error: Error) => void };

describe('server/review-gate', () => {
  const scope = useScope();

  it('lets so many in, and others as these leave', () => {
    const gate = createReviewGate(2, () => undefined);
    assert.deepEqual([gate.enter(), gate.enter(), gate.enter(), gate.enter()], [true, true, false, false]);
    assert.equal(gate.count(), 2);
    gate.leave();
    assert.deepEqual([gate.count(), gate.enter(), gate.enter()], [1, true, false]);
  });

  async function start(): Promise<{ webhook: TestWebhook; gate: ReviewGate; held: Held[]; shed: () => number }> {
    let shed = 0;
    const gate = createReviewGate(2, () => {
      shed += 1;
    });
    const held: Held[] = [];
    const review: DecideReview = ({ object }, deadline) => {
      if (asObject(asObject(object)?.['metadata'])?.['name'] === 'at-hand') return answer;
      // As each lookup does that has to wait, and more than one may.
      const isGone = deadline.callerGone().aborted && deadline.callerGone().aborted;
      return new Promise<Decision>((resolve, reject) => {
        const isKnown = asString(asObject(asObject(object)?.['metadata'])?.['name']) === 'known';
        if (isGone && isKnown) resolve(answer);
        else if (isGone) resolve({ kind: 'fault', outcome: 'lookup_failed', message: 'the caller has gone' });
        else held.push({ resolve, reject });
      });
    };
    return { webhook: await startWebhook(scope, { gate, review }), gate, held, shed: () => shed };
  }

  it('a review over the bound gets a 503 to be sent again in a second', async () => {
    const { webhook, gate, held, shed } = await start();
    const first = callMutate(webhook, createReview());
    const second = callMutate(webhook, createReview());
    await eventually('two reviews', () => held.length === 2);
    const third = await callMutate(webhook, createReview());
    assert.deepEqual([third.status, third.headers['retry-after'], shed()], [503, '1', 1]);
    assert.match(third.body, /"reason":"ERR_REVIEWS_IN_FLIGHT"/);
    assert.equal(webhook.refusals[0]?.code, 'ERR_REVIEWS_IN_FLIGHT');
    assert.equal(held.length, 2);
    // Who waits for nothing is answered, however many others wait, and who has an answer in place of the one to wait for.
    for (const name of ['at-hand', 'known']) {
      const pod = { metadata: { name, namespace: 'shop' }, spec: { containers: [{ name: 'app' }] } };
      const answered = await callMutate(webhook, createReview({ object: pod }));
      assert.deepEqual([answered.status, gate.count(), shed()], [200, 2, 1]);
    }
    // Health is no review.
    assert.equal((await call(webhook, '/livez')).status, 200);
    for (const { resolve } of held) resolve(answer);
    assert.deepEqual([(await first).status, (await second).status], [200, 200]);
    await eventually('room', () => gate.count() === 0);
  });

  it('there is room again after faults, bad reviews and callers that went away', async () => {
    const { webhook, gate, held } = await start();
    assert.equal((await callMutate(webhook, { kind: 'Pod' })).status, 400);
    const failing = callMutate(webhook, createReview());
    await eventually('a review', () => held.length === 1);
    held[0]?.reject(new Error('planted'));
    assert.equal((await failing).status, 500);
    const gone = new AbortController();
    const leaving = callMutate(webhook, createReview(), { signal: gone.signal });
    await eventually('another', () => held.length === 2);
    gone.abort();
    await assert.rejects(leaving);
    held[1]?.resolve(answer);
    await eventually('room', () => gate.count() === 0);
  });

  it('a review that throws, or is decided at once, leaves no trace', async () => {
    const gate = createReviewGate(1, () => undefined);
    const decisions: (() => Decision)[] = [
      () => answer,
      () => {
        throw new Error('planted');
      },
    ];
    const webhook = await startWebhook(scope, { gate, review: () => decisions.shift()?.() ?? answer });
    for (const status of [200, 500, 200]) assert.equal((await callMutate(webhook, createReview())).status, status);
    assert.equal(gate.count(), 0);
  });
});
