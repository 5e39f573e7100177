// The law of the rotation: whatever crashes, is late or jumps, what is served is verified by every API server.
import assert from 'node:assert/strict';
import {
  act,
  createChance,
  createReplica,
  createWorld,
  isKnownEverywhere,
  observe,
  type Replica,
  type World,
} from './simulation.ts';

const settings = { authorityLifetimeMs: 400_000, leafLifetimeMs: 100_000, propagationDelayMs: 20_000 };
const tickMs = 500;
const ticks = 6_000;
/** A watch that is dead leaves the live look, which comes at the latest after so long. */
const longestLookMs = settings.leafLifetimeMs / 4;
/** Before the first bundle has reached every API server nobody was ever verified. */
const startMs = 100_000;
const maxSkewMs = 5_000;

/** What happens to the replicas, at each tick. */
type Chances = Readonly<Record<'act' | 'crash' | 'handOver' | 'jump' | 'look', number>>;

type Run = { readonly world: World; readonly tick: () => Promise<void>; readonly verifiedCount: () => number };

/** Starts three replicas; each tick lets time pass and holds the law. */
function start(seed: number, chances: Chances): Run {
  const chance = createChance(seed);
  const world = createWorld();
  const skewMs = () => (chances.jump === 0 ? 0 : Math.round((chance() - 0.5) * 2 * maxSkewMs));
  const begin = (name: string) => createReplica(world, name, skewMs());
  let replicas = ['one', 'two', 'three'].map(begin);
  const lookedAtMs = new Map<Replica, number>();
  let verifiedCount = 0;

  const happen = () => {
    if (chance() < chances.handOver || !replicas.some(({ isWriter }) => isWriter)) {
      // Even two at a time: a writer that was stopped may believe that it still is one.
      for (const replica of replicas) replica.isWriter = chance() < 0.4;
    }
    replicas = replicas.map((replica) => (chance() < chances.crash ? begin(replica.name) : replica));
    for (const replica of replicas) if (chance() < chances.jump) replica.skewMs = skewMs();
  };
  const live = async (replica: Replica) => {
    const isOverdue = world.nowMs - (lookedAtMs.get(replica) ?? 0) >= longestLookMs;
    const isDue = (replica.leaf?.renewAtMs ?? Number.POSITIVE_INFINITY) <= world.nowMs + replica.skewMs;
    if (isOverdue || isDue || chance() < chances.look) {
      observe(world, replica, settings, chance);
      lookedAtMs.set(replica, world.nowMs);
    }
    if (chance() < chances.act) await act(world, replica, settings);
  };
  const holdLaw = ({ leaf, name }: Replica) => {
    if (leaf === undefined || world.passedMs() < startMs) return;
    const where = `seed ${String(seed)}, after ${String(world.passedMs())} ms, replica ${name}`;
    assert.ok(
      isKnownEverywhere(world, leaf.authority.cert, settings.propagationDelayMs),
      `${where}: unknown authority`,
    );
    assert.ok(leaf.notAfterMs > world.nowMs, `${where}: ended`);
    assert.ok(Number(leaf.authority.cert.split('@')[1]) >= leaf.notAfterMs, `${where}: outlives its authority`);
    verifiedCount += 1;
  };
  return {
    world,
    verifiedCount: () => verifiedCount,
    tick: async () => {
      world.nowMs += tickMs;
      happen();
      for (const replica of replicas) await live(replica);
      for (const replica of replicas) holdLaw(replica);
    },
  };
}

const settled: Chances = { crash: 0, look: 0.5, act: 0.9, handOver: 0, jump: 0 };
const wild: Chances = { crash: 0.004, look: 0.1, act: 0.3, handOver: 0.02, jump: 0.01 };

describe('certificates: the law of the rotation', function () {
  this.timeout(60_000);

  it('ten authorities one after the other, and nothing else happens', async () => {
    const { world, tick, verifiedCount } = start(1, settled);
    for (let passed = 0; passed < ticks; passed += 1) await tick();
    assert.ok(world.madeCount >= 10, String(world.madeCount));
    assert.ok(verifiedCount() > 15_000);
    assert.ok(world.bundle.certs.length <= 2);
    assert.equal(world.stepCounts['create'], 1);
    assert.equal(world.stepCounts['repair'], undefined);
  });

  for (let seed = 1; seed <= 40; seed += 1) {
    it(`crashes at any step, late looks, two writers, clocks that jump: seed ${String(seed)}`, async () => {
      const { world, tick, verifiedCount } = start(seed, wild);
      for (let passed = 0; passed < ticks; passed += 1) await tick();
      assert.ok(world.madeCount >= 8, String(world.madeCount));
      assert.ok(verifiedCount() > 10_000);
    });
  }

  it('is whole again after everything was suspended for ten lives of an authority', async () => {
    const { world, tick, verifiedCount } = start(7, settled);
    for (let passed = 0; passed < 1_000; passed += 1) await tick();
    const before = { made: world.madeCount, verified: verifiedCount() };
    world.suspend(10 * settings.authorityLifetimeMs);
    for (let passed = 0; passed < 1_000; passed += 1) await tick();
    assert.ok(world.madeCount > before.made);
    assert.ok(verifiedCount() > before.verified + 2_000);
    assert.equal(world.bundle.certs.length, 1, 'what has ended is pruned');
  });
});
