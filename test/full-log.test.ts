// A log that cannot be written any more, such as to a full disk, must not stop reviews.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createReview } from './admission/reviews.ts';
import { eventually } from './kubernetes/eventually.ts';
import { useScope } from './kubernetes/scope.ts';
import { freePorts, laptop, startProgram } from './program.ts';
import { callMutate } from './server/call.ts';

/** Enough for the lines of its start, in the unit of `ulimit -f`: 512 bytes. */
const maxBlocks = 8;

/** Each makes a line of some 200 bytes. */
const reviewCount = 40;

describe('the program, when its log has no room', () => {
  const scope = useScope();

  it('goes on answering reviews, and ends when it is told to', async () => {
    const log = join(await scope.folder(), 'log');
    // Beyond its limit a write fails as on a full disk, but with EFBIG.
    const script = `ulimit -f ${String(maxBlocks)}; exec "$@" 2>"$0"`;
    const program = startProgram(scope, [...laptop, ...freePorts], { launcher: ['sh', '-c', script, log] });
    const listening = () =>
      /"port":(\d+),.*"message":"listening"/.exec(existsSync(log) ? readFileSync(log, 'utf8') : '');
    await eventually('the port', () => listening() !== null);
    const port = Number(listening()?.[1]);
    const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
    scope.onEnd(() => {
      agent.destroy();
    });
    for (let sent = 0; sent < reviewCount; sent += 1) {
      assert.equal((await callMutate({ port, ca: '' }, createReview(), { agent })).status, 200);
      // A line waits for others for a moment: so there are many writes, not one.
      if (sent % 10 === 9) await sleep(250);
    }
    assert.equal(statSync(log).size, maxBlocks * 512);
    program.child.kill('SIGTERM');
    assert.deepEqual(await program.ended, [0, null]);
  });
});
