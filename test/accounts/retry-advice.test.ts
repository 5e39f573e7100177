// When a fault still says that trying again may help.
import assert from 'node:assert/strict';
import type { Answer } from '../../src/accounts/lookup.ts';
import { withRetryAdvice } from '../../src/accounts/retry-advice.ts';
import { identity, noDeadline } from '../admission/reviews.ts';

const cart = { namespace: 'shop', name: 'cart' };
const passing: Answer = { kind: 'fault', reason: 'lookup_failed', message: 'down', retryAfterSeconds: 1 };
const lasting: Answer = { kind: 'fault', reason: 'lookup_failed', message: 'down' };

function start() {
  const scene = { answer: passing, nowMs: 5 };
  const lookup = withRetryAdvice(
    () => Promise.resolve(scene.answer),
    () => scene.nowMs,
  );
  return { scene, ask: (account = cart) => lookup(account, noDeadline) };
}

describe('accounts/retry-advice', () => {
  it('stays for the first ten seconds of faults, and goes with the eleventh', async () => {
    const { scene, ask } = start();
    assert.deepEqual(await ask(), passing);
    scene.nowMs += 10_000;
    assert.deepEqual(await ask(), passing);
    scene.nowMs += 1;
    assert.deepEqual(await ask(), lasting);
    scene.nowMs += 60_000;
    assert.deepEqual(await ask(), lasting);
  });

  it('comes back after a silence: a fault of an hour ago says nothing of this one', async () => {
    const { scene, ask } = start();
    await ask();
    scene.nowMs += 60_001;
    assert.deepEqual(await ask(), passing);
    scene.nowMs += 10_001;
    assert.deepEqual(await ask(), lasting);
  });

  it('counts anew after any answer', async () => {
    const { scene, ask } = start();
    await ask();
    scene.nowMs += 60_000;
    scene.answer = identity;
    assert.equal(await ask(), identity);
    scene.answer = passing;
    assert.deepEqual(await ask(), passing);
  });

  it('goes for an account that fails for good while others are answered, and for it alone', async () => {
    const { scene, ask } = start();
    const other = { namespace: 'shop', name: 'other' };
    await ask();
    for (let second = 0; second < 11; second += 1) {
      scene.answer = identity;
      await ask(other);
      scene.answer = passing;
      scene.nowMs += 1_000;
      await ask();
    }
    assert.deepEqual(await ask(), lasting);
    assert.deepEqual(await ask(other), passing);
  });

  it('comes back for an account that was not asked for ten seconds, while others are answered', async () => {
    const { scene, ask } = start();
    await ask();
    scene.answer = identity;
    await ask({ namespace: 'shop', name: 'other' });
    scene.answer = passing;
    scene.nowMs += 10_001;
    assert.deepEqual(await ask(), passing);
  });

  it('goes for an account that never failed before, once all have failed for ten seconds', async () => {
    const { scene, ask } = start();
    await ask();
    scene.nowMs += 10_001;
    assert.deepEqual(await ask({ namespace: 'shop', name: 'other' }), lasting);
  });

  it('remembers no more than a thousand accounts that fail, those that failed last', async () => {
    const { scene, ask } = start();
    const first = { namespace: 'shop', name: 'a0' };
    for (let count = 0; count < 1_025; count += 1) await ask({ namespace: 'shop', name: `a${String(count)}` });
    scene.answer = identity;
    await ask();
    scene.answer = passing;
    const second = { namespace: 'shop', name: 'a1' };
    scene.nowMs += 5_000;
    assert.deepEqual(await ask(second), passing);
    scene.nowMs += 5_001;
    assert.deepEqual(await ask(second), lasting);
    assert.deepEqual(await ask(first), passing);
  });

  it('is given to no fault that has none', async () => {
    const { scene, ask } = start();
    scene.answer = lasting;
    assert.equal(await ask(), lasting);
  });

  it('leaves an answer at hand at hand', () => {
    assert.equal(
      withRetryAdvice(
        () => identity,
        () => 0,
      )(cart, noDeadline),
      identity,
    );
  });
});
