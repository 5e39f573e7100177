/** Five minutes of rotation under load, or IRSA_TEST_ROTATION_SECONDS of it. */
import assert from 'node:assert/strict';
import { cluster } from '../cluster/hooks.ts';
import { needOwnControlPlane } from '../cluster/own-control-plane.ts';
import { rotateUnderLoad, type Serving, startServing } from '../cluster/rotation-run.ts';

const durationSeconds = Number(process.env['IRSA_TEST_ROTATION_SECONDS'] ?? 300);

describe('the rotation of a certificate that the webhook manages itself, for minutes', function () {
  this.timeout(durationSeconds * 1000 + 120_000);

  let serving: Serving;

  before(async function () {
    needOwnControlPlane(this);
    serving = await startServing();
  });

  after(async () => {
    if (cluster().controlPlane !== undefined) await serving.installation.end();
  });

  it(`loses no create in ${String(durationSeconds)} s`, async () => {
    const { created, failed, serials, issuers } = await rotateUnderLoad(serving, durationSeconds * 1000);
    process.stdout.write(
      `      ${String(created)} creates, ${String(failed.length)} failed; ` +
        `${String(serials.size)} leaves of ${String(issuers.size)} authorities seen in handshakes\n`,
    );
    assert.deepEqual(failed, []);
    // The figures of 300 s: 30 leaves, 5 authorities.
    assert.ok(serials.size >= durationSeconds / 10, `${String(serials.size)} leaves`);
    assert.ok(issuers.size >= durationSeconds / 60, `${String(issuers.size)} authorities`);
  });
});
