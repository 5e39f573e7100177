// What is left of a review in log and metrics: one line, the right counts, and nothing of the pod's content.
import assert from 'node:assert/strict';
import type { Lookup } from '../../src/accounts/lookup.ts';
import { outcomeSentences } from '../../src/admission/outcomes.ts';
import { createReviewObserver } from '../../src/commands/review-observer.ts';
import { createLog } from '../../src/observability/log.ts';
import { createMetrics, type Metrics } from '../../src/observability/metrics.ts';
import { createAccountReview, createPod, createReview, identity, roleArn, uid } from '../admission/reviews.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';
import { keepLogLines, type LogLines } from '../observability/log-lines.ts';
import { parseMetrics } from '../observability/metrics-text.ts';
import { call, callMutate, postReview } from '../server/call.ts';
import { startWebhook, type TestWebhook } from '../server/webhook.ts';

describe('commands/review-observer', () => {
  const scope = useScope();
  let kept: LogLines;
  let metrics: Metrics;
  let calls: number;
  let nowMs = 0;

  async function start(lookup?: Lookup): Promise<TestWebhook> {
    kept = keepLogLines();
    metrics = createMetrics(Object.keys(outcomeSentences), { processMetrics: false });
    const log = createLog({ verbosity: 0, destination: kept.destination });
    const observer = createReviewObserver(log, metrics, () => nowMs);
    calls = 0;
    const onCall: typeof observer.onCall = (record) => {
      observer.onCall(record);
      calls += 1;
    };
    return startWebhook(scope, { ...observer, onCall, ...(lookup && { lookup }) });
  }

  async function readCounts(): Promise<Map<string, number>> {
    const { body } = await metrics.render();
    return new Map([...parseMetrics(body).values()].flatMap(({ series }) => [...series]));
  }

  /** The counts after so many calls; a call is counted when its caller has the answer already. */
  async function countsOf(expectedCalls: number): Promise<Map<string, number>> {
    await eventually('the count of the calls', () => calls >= expectedCalls);
    return readCounts();
  }

  it('writes one line for an injected pod', async () => {
    const webhook = await start();
    await callMutate(webhook, createReview());
    const lines = kept.lines();
    assert.equal(lines.length, 1);
    const { time, ms, ...rest } = lines[0] ?? {};
    assert.equal(typeof time, 'string');
    assert.ok(typeof ms === 'number' && ms > 0 && ms === Math.round(ms * 1000) / 1000, String(ms));
    assert.deepEqual(rest, {
      level: 'info',
      uid,
      namespace: 'shop',
      pod: 'cart-0',
      account: 'cart',
      outcome: 'injected',
      credentials: 'sts_web_identity',
      role: roleArn,
      operations: 4,
      warnings: 0,
      message: 'review',
    });
  });

  it('names a fault of ours in its line, at level error', async () => {
    const webhook = await start(() => ({ kind: 'fault', reason: 'lookup_failed', message: 'no answer' }));
    await callMutate(webhook, createReview({ dryRun: true }));
    const [line] = kept.lines();
    assert.deepEqual(
      [line?.['level'], line?.['outcome'], line?.['fault'], line?.['dryRun'], line?.['role']],
      ['error', 'lookup_failed', 'no answer', true, undefined],
    );
  });

  it('writes one line for a refused call', async () => {
    const webhook = await start();
    await callMutate(webhook, { password: 'hunter2' });
    const [{ time, ...rest } = {}] = kept.lines();
    assert.equal(typeof time, 'string');
    assert.deepEqual(rest, {
      level: 'warn',
      statusCode: 400,
      code: 'ERR_REVIEW_MALFORMED',
      reason:
        'expected kind AdmissionReview of apiVersion admission.k8s.io/v1 or admission.k8s.io/v1beta1, got something else',
      message: 'call refused',
      unlogged: 0,
    });
  });

  it('writes one line in ten seconds for refused calls of one code, and counts all of them', async () => {
    const webhook = await start();
    for (let count = 0; count < 4; count += 1) await callMutate(webhook, {});
    await call(webhook, '/mutate');
    nowMs += 10_000;
    await callMutate(webhook, {});
    assert.deepEqual(
      kept.lines().map(({ code, unlogged }) => [code, unlogged]),
      [
        ['ERR_REVIEW_MALFORMED', 0],
        ['ERR_METHOD_NOT_ALLOWED', 0],
        ['ERR_REVIEW_MALFORMED', 3],
      ],
    );
    assert.equal((await countsOf(6)).get('http_request_count{verb="POST",path="/mutate",code="400"}'), 5);
  });

  it('writes nothing of what a pod holds', async () => {
    const secret = 'hunter2';
    const webhook = await start(() => ({ ...identity, warnings: [`warning ${secret}`] }));
    const pod = createPod({
      containers: [{ name: secret, image: secret, env: [{ name: 'PASSWORD', value: secret }], args: [secret] }],
    });
    const object = {
      ...pod,
      metadata: {
        generateName: 'cart-',
        labels: { secret },
        annotations: { 'eks.amazonaws.com/skip-containers': secret },
      },
    };
    const answer = await callMutate(
      webhook,
      createReview({ object, userInfo: { username: secret }, options: { secret } }),
    );
    assert.equal(answer.status, 200);
    assert.equal(kept.lines().length, 1);
    assert.doesNotMatch(kept.text(), /hunter2/);
    assert.equal(kept.lines()[0]?.['pod'], 'cart-');
  });

  it('stays on one bounded line, whatever names strangers give', async () => {
    const webhook = await start(() => ({ ...identity, roleArn: '\n'.repeat(200_000) }));
    const hostile = '\u0000\n\u2028'.repeat(100_000);
    const object = { metadata: { name: hostile }, spec: { serviceAccountName: hostile, containers: [{}] } };
    await callMutate(webhook, createReview({ namespace: hostile, object, uid: '\u0001'.repeat(256) }));
    assert.equal(kept.lines().length, 1);
    assert.ok(kept.text().length < 20_000, String(kept.text().length));
  });

  it('counts reviews, calls and roles', async () => {
    const webhook = await start();
    await callMutate(webhook, createReview());
    await callMutate(webhook, createReview({ operation: 'UPDATE' }));
    await callMutate(webhook, {});
    const counts = await countsOf(3);
    assert.equal(counts.get('irsa_webhook_reviews_total{outcome="injected"}'), 1);
    assert.equal(counts.get('irsa_webhook_reviews_total{outcome="operation_not_create"}'), 1);
    assert.equal(counts.get('irsa_webhook_review_duration_seconds_count'), 2);
    assert.equal(counts.get('http_request_count{verb="POST",path="/mutate",code="200"}'), 2);
    assert.equal(counts.get('http_request_count{verb="POST",path="/mutate",code="400"}'), 1);
    assert.equal(counts.get('pod_identity_webhook_pod_count{method="sts_web_identity"}'), 1);
    assert.equal(counts.get('pod_identity_webhook_used'), 1);
  });

  it('counts and logs service accounts that are checked, and no pod for them', async () => {
    const webhook = await start();
    const path = '/validate/service-accounts';
    await postReview(webhook, path, createAccountReview({ 'eks.amazonaws.com/role-arn': roleArn }, { dryRun: true }));
    await postReview(webhook, path, {});
    const counts = await countsOf(2);
    assert.equal(counts.get('irsa_webhook_reviews_total{outcome="account_checked"}'), 1);
    assert.equal(counts.get('irsa_webhook_review_duration_seconds_count'), 1);
    assert.equal(counts.get(`http_request_count{verb="POST",path="${path}",code="200"}`), 1);
    assert.equal(counts.get(`http_request_count{verb="POST",path="${path}",code="400"}`), 1);
    assert.equal(counts.get('pod_identity_webhook_used'), 0);
    const [line = {}] = kept.lines();
    assert.deepEqual(
      [line['message'], line['outcome'], line['namespace'], line['account'], line['pod'], line['dryRun']],
      ['review', 'account_checked', 'shop', 'cart', undefined, true],
    );
  });

  it('makes no series of what strangers send', async () => {
    const webhook = await start((account) =>
      account.name === 'gone' ? { kind: 'none', reason: 'service_account_not_found', warnings: [] } : identity,
    );
    const before = new Set((await readCounts()).keys());
    for (let index = 0; index < 20; index += 1) {
      const strange = `strange-${String(index)}`;
      const object = createPod({ serviceAccountName: index % 2 ? strange : 'gone' });
      await callMutate(webhook, createReview({ uid: strange, operation: index % 3 ? 'CREATE' : strange, object }));
      await callMutate(webhook, createReview({ kind: { group: strange, version: strange, kind: strange } }));
      await callMutate(webhook, { kind: strange }, { query: `?${strange}=1`, headers: { 'User-Agent': strange } });
      await call(webhook, `/${strange}`);
    }
    const added = [...(await countsOf(60)).keys()].filter((name) => !before.has(name));
    assert.deepEqual(added.toSorted(), [
      'http_request_count{verb="POST",path="/mutate",code="200"}',
      'http_request_count{verb="POST",path="/mutate",code="400"}',
      'pod_identity_webhook_pod_count{method="sts_web_identity"}',
    ]);
  });
});
