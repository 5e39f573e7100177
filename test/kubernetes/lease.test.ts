import assert from 'node:assert/strict';
import { createLease, type Lease } from '../../src/kubernetes/lease.ts';
import { isApiObject } from '../../src/kubernetes/objects.ts';
import type { ApiResponse } from '../../src/kubernetes/transport.ts';
import { useScope } from './scope.ts';

type Stored = { version: number; spec: Record<string, unknown> };

const specOf = (body: object): Record<string, unknown> => ('spec' in body && isApiObject(body.spec) ? body.spec : {});
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
};

/** An API server with one Lease, a clock that a test moves, and replicas that wait by it. */
function createWorld() {
  let nowMs = 0;
  let lease: Stored | undefined;
  let isDown = false;
  const waiting = new Set<{ readonly untilMs: number; readonly end: () => void }>();
  const respond = (status: number, body: object = {}): ApiResponse => {
    if (isDown) throw new Error('down');
    return { status, headers: {}, body: JSON.stringify(body) };
  };
  const shown = () => respond(200, { metadata: { resourceVersion: String(lease?.version) }, spec: lease?.spec });
  return {
    lease: () => lease,
    setLease: (spec: Record<string, unknown>) => {
      lease = { version: (lease?.version ?? 0) + 1, spec };
    },
    setDown: (value: boolean) => {
      isDown = value;
    },
    nowMs: () => nowMs,
    /** Lets time pass in small steps, each of which lets everybody go on whose wait is over. */
    pass: async (ms: number) => {
      const endMs = nowMs + ms;
      await settle();
      while (nowMs < endMs) {
        nowMs += 100;
        for (const waiter of waiting) if (waiter.untilMs <= nowMs) waiter.end();
        await settle();
      }
    },
    api: {
      get: async () => Promise.resolve(lease === undefined ? respond(404) : shown()),
      post: async (_path: string, body: object) => {
        if (lease !== undefined) return Promise.resolve(respond(409));
        lease = { version: 1, spec: specOf(body) };
        return Promise.resolve(respond(201));
      },
      patch: async (_path: string, body: object) => {
        const metadata = 'metadata' in body && isApiObject(body.metadata) ? body.metadata : {};
        if (isDown) throw new Error('down');
        if (metadata['resourceVersion'] !== String(lease?.version)) return Promise.resolve(respond(409));
        lease = { version: (lease?.version ?? 0) + 1, spec: { ...lease?.spec, ...specOf(body) } };
        return Promise.resolve(shown());
      },
    },
    wait: async (delayMs: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        const waiter = {
          untilMs: nowMs + delayMs,
          end: () => {
            waiting.delete(waiter);
            resolve();
          },
        };
        waiting.add(waiter);
        signal.addEventListener('abort', waiter.end, { once: true });
        if (signal.aborted) waiter.end();
      }),
  };
}

describe('kubernetes/lease', () => {
  const scope = useScope();
  let world: ReturnType<typeof createWorld>;
  let told: string[];

  beforeEach(() => {
    world = createWorld();
    told = [];
  });

  function start(identity: string, changed: { wallMs?: () => number } = {}): Lease {
    const lease = createLease({
      ...world,
      namespace: 'shop',
      name: 'webhook',
      identity,
      durationMs: 15_000,
      monotonicMs: world.nowMs,
      nowMs: changed.wallMs ?? world.nowMs,
      random: () => 0,
      onChange: (isHeld) => told.push(`${identity} ${isHeld ? 'got' : 'lost'}`),
      onError: (message) => told.push(`${identity}: ${message}`),
    });
    scope.onEnd(() => lease.stop());
    return lease;
  }

  it('is got by one of several that start at once, and kept', async () => {
    const leases = ['a', 'b', 'c'].map((identity) => start(identity));
    await world.pass(60_000);
    assert.deepEqual(
      leases.map((lease) => lease.isHeld()),
      [true, false, false],
    );
    assert.deepEqual(told, ['a got']);
    assert.equal(world.lease()?.spec['leaseTransitions'], 0);
  });

  it('goes to another one 15 s after the last sign of its holder, whatever time that one wrote', async () => {
    world.setLease({ holderIdentity: 'gone', leaseDurationSeconds: 15, renewTime: '1970-01-01T00:00:00.000000Z' });
    const lease = start('a');
    await world.pass(14_900);
    assert.equal(lease.isHeld(), false);
    await world.pass(2_200);
    assert.equal(lease.isHeld(), true);
    assert.equal(world.lease()?.spec['leaseTransitions'], 1);
  });

  it('goes by the duration that its holder wrote', async () => {
    world.setLease({ holderIdentity: 'gone', leaseDurationSeconds: 4 });
    const lease = start('a');
    await world.pass(6_100);
    assert.equal(lease.isHeld(), true);
  });

  it('is counted as lost 10 s after the last renewal that worked, and got back', async () => {
    const lease = start('a');
    await world.pass(5_000);
    world.setDown(true);
    await world.pass(8_000);
    assert.equal(lease.isHeld(), true);
    await world.pass(3_000);
    assert.equal(lease.isHeld(), false);
    world.setDown(false);
    await world.pass(3_000);
    assert.equal(lease.isHeld(), true);
    assert.deepEqual(told, ['a got', 'a: down', 'a lost', 'a got']);
  });

  it('is never held by two, also where one was stopped for a while', async () => {
    let wallJumpMs = 0;
    const first = start('a', { wallMs: () => world.nowMs() + wallJumpMs });
    await world.pass(3_000);
    // The machine slept: the time of day went on, the other clock did not.
    wallJumpMs = 3_600_000;
    assert.equal(first.isHeld(), false);
  });

  it('is let go at the end, and got by the next one within a try', async () => {
    const first = start('a');
    await world.pass(1_000);
    const second = start('b');
    await world.pass(4_000);
    assert.equal(second.isHeld(), false);
    await first.stop();
    assert.equal(world.lease()?.spec['holderIdentity'], '');
    await world.pass(2_100);
    assert.equal(second.isHeld(), true);
  });

  it('is lost when somebody else writes another holder', async () => {
    const lease = start('a');
    await world.pass(3_000);
    world.setLease({ holderIdentity: 'thief', leaseDurationSeconds: 3600 });
    await world.pass(2_100);
    assert.equal(lease.isHeld(), false);
  });

  it('takes a Lease that holds nothing that can be read', async () => {
    world.setLease({ holderIdentity: 5, leaseDurationSeconds: 'x', leaseTransitions: null });
    const lease = start('a');
    await world.pass(1_000);
    assert.equal(lease.isHeld(), true);
    assert.equal(world.lease()?.spec['leaseTransitions'], 1);
  });
});
