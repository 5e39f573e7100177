// The self-signed pair: made anew when a third of its life is left, by the wall clock.
import assert from 'node:assert/strict';
import { createSelfSignedCertificates } from '../../src/certificates/self-signed-source.ts';
import type { ServingPair } from '../../src/certificates/source.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';

const dayMs = 24 * 60 * 60 * 1000;

describe('certificates/self-signed-source', () => {
  const scope = useScope();

  async function create() {
    const clock = { nowMs: Date.now() };
    const used: ServingPair[] = [];
    let looks = 0;
    const source = await createSelfSignedCertificates({
      hosts: ['localhost'],
      now: () => {
        looks += 1;
        return clock.nowMs;
      },
      checkMs: 5,
      onRenewal: () => undefined,
    });
    scope.onEnd(source.close);
    source.follow((pair) => used.push(pair));
    const threeLooks = async () => {
      const before = looks;
      await eventually('the clock to be looked at', () => looks > before + 2);
    };
    return { source, clock, used, threeLooks };
  }

  it('is not made anew before, and once after two thirds of its life', async () => {
    const { source, clock, used, threeLooks } = await create();
    clock.nowMs += 19 * dayMs;
    await threeLooks();
    assert.deepEqual(used, []);
    clock.nowMs += 2 * dayMs;
    await eventually('the new pair', () => used.length === 1);
    assert.equal(source.pair(), used[0]);
    assert.equal(Number(source.notAfter()), clock.nowMs + 30 * dayMs);
    await threeLooks();
    assert.equal(used.length, 1);
  });

  it('is ready while it is valid, and again after a laptop slept through its end', async () => {
    const { source, clock, used } = await create();
    assert.equal(source.notReady(), undefined);
    clock.nowMs += 31 * dayMs;
    assert.match(source.notReady() ?? '', /^the self-signed certificate ended at /);
    await eventually('the new pair', () => used.length === 1);
    assert.equal(source.notReady(), undefined);
  });
});
