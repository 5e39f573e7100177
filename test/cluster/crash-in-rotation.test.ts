/** The holder of the Lease is killed in the middle of a rotation, under load: the short form of `npm run test:soak`. */
import assert from 'node:assert/strict';
import {
  countIssuers,
  crashRate,
  crashUnderLoad,
  createHolders,
  installForCrashes,
  pointsAt,
  serveBy,
} from './crash-run.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { createPods } from './pod-stream.ts';
import { waitFor } from './wait-for.ts';
import { waitUntilReady, type WebhookProcess } from './webhook-process.ts';

const timeoutMs = 200_000;

describe('a crash in the rotation', function () {
  this.timeout(2 * timeoutMs);

  beforeEach(function () {
    needOwnControlPlane(this);
  });

  it('of a holder that does not serve: no create fails, and the rotation goes on', async () => {
    const points = [...pointsAt('after', 'introduce', 'bundle'), ...pointsAt('before', 'switch')];
    const { created, failed, reached, serials, issuers } = await crashUnderLoad(points, timeoutMs);
    assert.deepEqual(reached, points);
    assert.deepEqual(failed, []);
    assert.ok(issuers.size >= 2, `${String(issuers.size)} authorities`);
    process.stdout.write(
      `      ${String(points.length)} kills, ${String(created)} creates, none failed; ` +
        `${String(serials.size)} leaves of ${String(issuers.size)} authorities\n`,
    );
  });

  it('of a holder that serves: at most what was in flight fails, and none of it as a certificate', async () => {
    const points = [
      ...pointsAt('after', 'introduce', 'bundle'),
      ...pointsAt('before', 'switch'),
      ...pointsAt('after', 'switch'),
    ];
    const installation = await installForCrashes();
    const kills: number[] = [];
    let serving: WebhookProcess[] = [];
    const spares: Promise<unknown>[] = [];
    const holders = createHolders(installation, points, (killed) => {
      kills.push(performance.now());
      serving = serving.filter((replica) => replica !== killed);
      installation.balancer.use(serving.map(({ port }) => port));
      spares.push(startServing());
    });
    const startServing = async (): Promise<void> => {
      const replica = await holders.start();
      await waitUntilReady(replica);
      serving.push(replica);
      installation.balancer.use(serving.map(({ port }) => port));
    };
    try {
      await Promise.all([startServing(), startServing(), startServing()]);
      await serveBy(installation, serving);
      const enough = new AbortController();
      const running = createPods(installation.namespace, crashRate, enough.signal);
      await waitFor(
        'every point to be reached',
        () => holders.reached.length === points.length || undefined,
        timeoutMs,
      );
      await Promise.all(spares);
      const known = countIssuers(serving);
      await waitFor('one more rotation', () => countIssuers(serving) > known || undefined, timeoutMs);
      enough.abort();
      const { created, failed } = await running;
      const notInFlight = failed.filter(
        ({ startMs, endMs }) => !kills.some((killMs) => startMs <= killMs + 500 && endMs >= killMs - 500),
      );
      assert.deepEqual(notInFlight, []);
      assert.deepEqual(
        failed.filter(({ message }) => /x509|certificate/.test(message)),
        [],
      );
      process.stdout.write(
        `      ${String(points.length)} kills, ${String(created)} creates, ${String(failed.length)} failed in flight\n`,
      );
    } finally {
      await Promise.allSettled(spares);
      await holders.stop();
      await installation.end();
    }
  });
});
