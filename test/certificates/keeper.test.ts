// What a replica says of itself, and what it does by itself, with parts that a test turns on and off.
import assert from 'node:assert/strict';
import type { AuthorityState } from '../../src/certificates/authority-secret.ts';
import { mergeBundle } from '../../src/certificates/ca-bundle.ts';
import type { ConfigurationsReading } from '../../src/certificates/configurations.ts';
import { Fault } from '../../src/certificates/fault.ts';
import { createKeeper } from '../../src/certificates/keeper.ts';
import { makeAuthority, makeLeaf } from '../../src/certificates/make.ts';

const settings = { authorityLifetimeMs: 3_600_000, leafLifetimeMs: 600_000, propagationDelayMs: 20_000 };
const none: AuthorityState = { signer: undefined, next: undefined, old: undefined, switchedAtMs: undefined };
const ignore = (): void => undefined;

/** An API server with one configuration and one Secret. */
function createWorld() {
  const world = {
    nowMs: Date.now(),
    isDown: false,
    isConfigurationDown: false,
    isWriter: true,
    serverSkewMs: 0,
    caBundle: '' as string | undefined,
    secret: undefined as AuthorityState | undefined,
    steps: [] as string[],
    served: 0,
  };
  const read = async (): Promise<ConfigurationsReading> => {
    if (world.isDown || world.isConfigurationDown) throw new Error('down');
    const { caBundle } = world;
    const target = { kind: 'mutatingwebhookconfigurations', name: 'webhook' } as const;
    const entries = [{ index: 0, name: 'webhook', caBundle: caBundle ?? '' }];
    return Promise.resolve({
      found: caBundle === undefined ? [] : [{ ...target, resourceVersion: '1', entries }],
      missing: caBundle === undefined ? ['webhook'] : [],
      forbidden: [],
    });
  };
  const keeper = createKeeper({
    settings,
    secret: {
      read: async () => {
        if (world.isDown) throw new Error('down');
        const serverTimeMs = world.nowMs + world.serverSkewMs;
        const resourceVersion = world.secret && '1';
        return Promise.resolve({ state: world.secret ?? none, faults: [], resourceVersion, serverTimeMs });
      },
      write: async (state) => {
        world.secret = state;
        return Promise.resolve(true);
      },
    },
    configurations: {
      read,
      write: async (found, change) => {
        world.caBundle = mergeBundle(world.caBundle ?? '', change).caBundle;
        const write = { isWritten: true, expiredCount: 0, unreadableCount: 0 };
        return Promise.resolve(found.map(({ kind, name }) => ({ kind, name, ...write })));
      },
    },
    makeAuthority,
    makeLeaf: async (options) => makeLeaf({ ...options, names: ['webhook'] }),
    isWriter: () => world.isWriter,
    nowMs: () => world.nowMs,
    monotonicMs: () => world.nowMs,
    random: () => 0,
    serve: () => {
      world.served += 1;
    },
    observer: {
      onConfigurations: ignore,
      onSecret: ignore,
      onStep: (kind) => world.steps.push(kind),
      onBundle: () => world.steps.push('bundle'),
    },
  });
  /** Rounds until nothing is due at once. */
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 10; round += 1) if ((await keeper.round()) > world.nowMs) return;
    assert.fail('it does not settle');
  };
  return { world, keeper, settle };
}

describe('certificates/keeper', () => {
  it('makes an authority, puts it into the caBundle, signs and is ready', async () => {
    const { world, keeper, settle } = createWorld();
    assert.equal(keeper.notReady(), 'the certificate has not been made yet');
    await settle();
    assert.deepEqual(world.steps, ['create', 'bundle']);
    assert.equal(keeper.notReady(), undefined);
    assert.equal(keeper.isVerified(), true);
  });

  it('as a follower only waits for the authority', async () => {
    const { world, keeper, settle } = createWorld();
    world.isWriter = false;
    await settle();
    assert.deepEqual(world.steps, []);
    assert.equal(keeper.notReady(), 'no authority signs yet');
  });

  it('stays ready without the API server, until its certificate ends', async () => {
    const { world, keeper, settle } = createWorld();
    await settle();
    world.isDown = true;
    await assert.rejects(settle(), (error) => error instanceof Fault && error.step === 'read_secret');
    assert.equal(keeper.notReady(), undefined);
    world.nowMs += settings.leafLifetimeMs;
    assert.equal(keeper.notReady(), 'the certificate has ended, and no new one could be made');
  });

  it('renews its certificate also while the configurations cannot be read, and says that they cannot', async () => {
    const { world, keeper, settle } = createWorld();
    await settle();
    world.isConfigurationDown = true;
    world.nowMs += settings.leafLifetimeMs * 0.99;
    await assert.rejects(settle(), (error) => error instanceof Fault && error.step === 'read_configuration');
    assert.equal(world.served, 2);
    world.nowMs += settings.leafLifetimeMs * 0.5;
    assert.equal(keeper.notReady(), undefined);
  });

  it('is not ready while the live caBundle does not verify what it serves', async () => {
    const { world, keeper, settle } = createWorld();
    await settle();
    world.isWriter = false;
    world.caBundle = '';
    await settle();
    assert.equal(keeper.notReady(), 'the caBundle does not verify the certificate');
    world.isWriter = true;
    await settle();
    await settle();
    assert.equal(keeper.notReady(), undefined);
    assert.equal(world.served, 1, 'the same certificate is verified again');
  });

  it('is not ready before it has seen every configuration, and is not un-ready by a deletion', async () => {
    const { world, keeper, settle } = createWorld();
    world.caBundle = undefined;
    await settle();
    assert.equal(keeper.notReady(), 'not every webhook configuration has been seen yet');
    world.caBundle = '';
    await settle();
    await settle();
    assert.equal(keeper.notReady(), undefined);
    assert.equal(keeper.isVerified(), true);
    world.caBundle = undefined;
    await settle();
    assert.equal(keeper.notReady(), undefined);
    assert.equal(keeper.isVerified(), false, 'but it is told');
  });

  it('with its Secret lost goes on with its certificate until every API server knows the new authority', async () => {
    const { world, keeper, settle } = createWorld();
    await settle();
    const before = keeper.leaf();
    world.secret = undefined;
    await settle();
    assert.equal(keeper.leaf(), before);
    assert.equal(keeper.notReady(), undefined);
    assert.deepEqual(world.steps, ['create', 'bundle', 'create', 'bundle']);
    world.nowMs += settings.propagationDelayMs;
    await settle();
    await settle();
    assert.notEqual(keeper.leaf()?.authority.cert, before?.authority.cert);
    assert.equal(world.steps.at(-1), 'switch');
    world.nowMs += settings.leafLifetimeMs + settings.propagationDelayMs;
    await settle();
    assert.equal(world.steps.at(-1), 'retire');
    assert.equal(keeper.notReady(), undefined);
  });

  it('does nothing while its clock and that of the API server are more than ten minutes apart', async () => {
    const { world, settle } = createWorld();
    world.serverSkewMs = -3_600_000;
    await assert.rejects(settle(), (error) => error instanceof Fault && error.step === 'clock');
    assert.equal(world.secret, undefined);
  });
});
