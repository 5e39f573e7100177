/** The webhook while the API server is down, and after: reviews go straight to it, as nobody else can send any. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAccount, roleArn } from './accounts.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { podManifest } from './pods.ts';
import { waitFor } from './wait-for.ts';
import { metricOf } from './webhook-metrics.ts';
import { createWebhookAccount, startWebhook, waitUntilReady, type WebhookProcess } from './webhook-process.ts';

/** The long form is IRSA_TEST_DOWN_SECONDS=60. */
const downMs = Number(process.env['IRSA_TEST_DOWN_SECONDS'] ?? 10) * 1_000;
/** `--lookup-timeout` is 1 s by default; the rest is the machine's. */
const longestFailureMs = 2_000;
/** From the API server's readyz on. */
const recoveryMs = 5_000;
/** A reflector waits 30 s between two tries at most, and its last one may have failed just before. */
const rewatchTimeoutMs = 60_000;
const pauseMs = 50;

/** What a review of an account's pod was answered, and when. */
type Answered = {
  readonly account: string;
  readonly status: number;
  readonly isInjected: boolean;
  readonly startMs: number;
  readonly endMs: number;
};

describe('while the API server is down, and after', function () {
  this.timeout(180_000 + downMs);
  let namespace: string;
  let webhook: WebhookProcess;

  before(async function () {
    needOwnControlPlane(this);
    namespace = await cluster().createNamespace();
    await createAccount(namespace, 'with-role', { 'role-arn': roleArn });
    await createAccount(namespace, 'bare', {});
    const account = await createWebhookAccount(cluster(), namespace);
    webhook = await startWebhook(cluster(), { account, hosts: [] });
    await waitUntilReady(webhook);
    assert.equal((await review('with-role')).isInjected, true);
  });

  after(async () => {
    if (cluster().controlPlane !== undefined) await webhook.stop();
  });

  async function review(account: string): Promise<Answered> {
    const request = { uid: '1', operation: 'CREATE', namespace, object: podManifest(account) };
    const startMs = performance.now();
    const { status, body } = await webhook.post({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request,
    });
    const isInjected = body.includes('"outcome":"injected"');
    return { account, status, isInjected, startMs, endMs: performance.now() };
  }

  const isWatchOpen = async (): Promise<true | undefined> =>
    (await metricOf(webhook, 'irsa_webhook_watch_connected')) === 1 || undefined;

  /** Sends reviews of each account, one after the other, until told to end. */
  async function reviewUntil(ended: AbortSignal, accounts: readonly string[]): Promise<Answered[]> {
    const answers = accounts.map(async (account) => {
      const own: Answered[] = [];
      while (!ended.aborted) {
        own.push(await review(account));
        await sleep(pauseMs);
      }
      return own;
    });
    return (await Promise.all(answers)).flat();
  }

  it(`cached roles are answered for all of ${String(downMs / 1000)} s, others fail in time, and all are right within 5 s`, async () => {
    const { controlPlane } = cluster();
    assert.ok(controlPlane);
    const enough = new AbortController();
    const reviews = reviewUntil(enough.signal, ['with-role', 'bare', 'unknown']);
    const before = performance.now();
    await controlPlane.kill('kube-apiserver');
    const goneMs = performance.now();
    await sleep(downMs);
    const returning = performance.now();
    await controlPlane.startApiServer();
    const readyMs = performance.now();
    await createAccount(namespace, 'late', { 'role-arn': roleArn });
    const late = await review('late');
    await sleep(recoveryMs);
    enough.abort();
    const answers = await reviews;

    const withRole = answers.filter(({ account }) => account === 'with-role');
    assert.deepEqual(
      withRole.filter(({ status, isInjected }) => status !== 200 || !isInjected),
      [],
    );
    const others = answers.filter(({ account }) => account !== 'with-role');
    const whileDown = others.filter(({ startMs, endMs }) => startMs > goneMs && endMs < returning);
    assert.ok(whileDown.length > 0);
    assert.deepEqual(
      whileDown.filter(({ status }) => status !== 500),
      [],
    );
    const longestMs = Math.max(...whileDown.map(({ startMs, endMs }) => endMs - startMs));
    assert.ok(longestMs < longestFailureMs, `${longestMs.toFixed(0)} ms`);
    const wrong = others.filter(({ startMs, status }) => startMs > before && status !== 200);
    const lastWrongMs = Math.max(...wrong.map(({ endMs }) => endMs)) - readyMs;
    assert.ok(lastWrongMs < recoveryMs, `the last failure ${lastWrongMs.toFixed(0)} ms after the return`);
    assert.deepEqual([late.status, late.isInjected], [200, true]);
    assert.ok(
      others.some(({ startMs }) => startMs > readyMs),
      'reviews after the return',
    );

    await waitFor('the watch to be open again', isWatchOpen, rewatchTimeoutMs);
    const rewatchedMs = performance.now() - readyMs;
    process.stdout.write(
      `      down ${((returning - goneMs) / 1000).toFixed(1)} s: ${String(withRole.length)} reviews with a cached role, none failed; ` +
        `${String(whileDown.length)} others failed within ${longestMs.toFixed(0)} ms; ` +
        `the last failure ${lastWrongMs.toFixed(0)} ms after readyz, the watch open by ${rewatchedMs.toFixed(0)} ms\n`,
    );
  });
});
