/** Ten years of rotation in half a minute: the short form of `npm run test:soak`. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { servedAt } from './handshakes.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { rotateUnderLoad, type Serving, startServing } from './rotation-run.ts';
import { waitFor } from './wait-for.ts';

const durationMs = 40_000;
/** A certificate lives for 10 s. */
const stoppedMs = 12_000;

describe('the rotation of a certificate that the webhook manages itself', function () {
  this.timeout(180_000);
  let serving: Serving;

  before(async function () {
    needOwnControlPlane(this);
    serving = await startServing();
  });

  after(async () => {
    if (cluster().controlPlane !== undefined) await serving.installation.end();
  });

  it('loses no create while leaves and authorities change', async () => {
    const { created, failed, serials, issuers } = await rotateUnderLoad(serving, durationMs);
    assert.deepEqual(failed, []);
    assert.ok(serials.size >= 6, `${String(serials.size)} leaves`);
    assert.ok(issuers.size >= 2, `${String(issuers.size)} authorities`);
    process.stdout.write(
      `      ${String(created)} creates, none failed; ${String(serials.size)} leaves of ${String(issuers.size)} authorities\n`,
    );
  });

  it('is taken up by a replica that was stopped for longer than its certificate lives', async () => {
    const [stopped, other] = serving.replicas;
    assert.ok(stopped && other);
    serving.installation.balancer.use([other.port]);
    stopped.signal('SIGSTOP');
    await sleep(stoppedMs);
    stopped.signal('SIGCONT');
    const isWell = async (): Promise<true | undefined> => {
      const { validToDate } = await servedAt(stopped.port);
      return (validToDate.getTime() > Date.now() && (await stopped.health('/readyz')).status === 200) || undefined;
    };
    await waitFor('a new certificate', isWell, 5_000);
  });
});
