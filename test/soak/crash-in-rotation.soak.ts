/** The holder of the Lease is killed at each write of a rotation, before the API server has it and after, under load. */
import assert from 'node:assert/strict';
import { crashUnderLoad, pointsAt } from '../cluster/crash-run.ts';
import { needOwnControlPlane } from '../cluster/own-control-plane.ts';

const timeoutMs = 400_000;

describe('a crash at each write of a rotation', function () {
  this.timeout(2 * timeoutMs + 120_000);

  beforeEach(function () {
    needOwnControlPlane(this);
  });

  it('of a holder that does not serve: no create fails, and the rotation goes on', async () => {
    const points = [
      ...pointsAt('before', 'introduce', 'bundle', 'switch', 'bundle', 'retire'),
      ...pointsAt('after', 'introduce', 'bundle', 'switch', 'bundle', 'retire'),
    ];
    const { created, failed, reached, serials, issuers } = await crashUnderLoad(points, timeoutMs);
    process.stdout.write(
      `      ${String(reached.length)} kills, ${String(created)} creates, ${String(failed.length)} failed; ` +
        `${String(serials.size)} leaves of ${String(issuers.size)} authorities\n`,
    );
    assert.deepEqual(reached, points);
    assert.deepEqual(failed, []);
    assert.ok(issuers.size >= 4, `${String(issuers.size)} authorities`);
  });
});
