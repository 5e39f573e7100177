// Sends a churn of account events through the reflector into the store, and holds the store to a naive model of them.
import assert from 'node:assert/strict';
import { createAccountStore } from '../../src/accounts/store.ts';
import { parseIdentity } from '../../src/identity/identity.ts';
import { createReflector } from '../../src/kubernetes/reflector.ts';
import { createTransport } from '../../src/kubernetes/transport.ts';
import { defaults } from '../admission/reviews.ts';
import { connectionTo, path } from '../kubernetes/reflected.ts';
import type { Scope } from '../kubernetes/scope.ts';
import { startChurnServer } from './churn-server.ts';
import { type Annotations, type Change, createRandom, initialChanges, nextChange } from './random-changes.ts';

/** What was done, and what was seen, up to a point at which store and model were equal. */
export type ChurnPoint = {
  readonly events: number;
  /** Events that came by a watch; what a list brought is not among them. */
  readonly watched: number;
  readonly lists: number;
  readonly watches: number;
  readonly accounts: number;
  readonly withRole: number;
  readonly faults: number;
  /** By the reason that was told. */
  readonly relists: Readonly<Record<string, number>>;
};

/** What a churn is. */
export type Churn = {
  readonly seed: number;
  /** Of events. */
  readonly count: number;
  /** Points of comparison, at equal distances; the last one is the end. */
  readonly points: number;
  readonly onPoint?: (point: ChurnPoint) => void;
};

const maxBatch = 100;
/** Of a fault after a batch: one in 2,000 events. */
const faultShare = 0.025;
const catchUpMs = 60_000;
const markerKey = 'marker/marker';

/** Rejects where the store is not equal to the model at a point, or does not get there within a minute. */
export async function runChurn(scope: Scope, { seed, count, points, onPoint }: Churn): Promise<ChurnPoint> {
  const random = createRandom(seed);
  const server = await startChurnServer(scope);
  const model = new Map<string, Annotations>();
  const followed = follow(scope, server.url, createRandom(seed + 1));
  const faults = Object.values(server.faults);
  const done = { events: 0, faults: 0 };

  const apply = async (changes: readonly Change[]): Promise<void> => {
    done.events += changes.length;
    await server.apply(changes, random());
  };
  const applyToModel = (change: Change): Change => {
    if (change.kind === 'put') model.set(change.key, change.annotations);
    else if (change.kind === 'remove') model.delete(change.key);
    return change;
  };
  const compare = async (): Promise<ChurnPoint> => {
    const arn = `arn:aws:iam::111122223333:role/marker-${String(done.events)}`;
    const marker: Change = { kind: 'put', key: markerKey, annotations: { 'eks.amazonaws.com/role-arn': arn } };
    const arrived = followed.sees(arn);
    await apply([applyToModel(marker)]);
    await arrived;
    assertEqual(followed.store, model);
    const { role, bare } = followed.store.counts();
    const seen = { watched: followed.watched(), relists: followed.relists(), accounts: role + bare, withRole: role };
    return { ...done, ...server.counts(), ...seen };
  };

  await apply(initialChanges(random).map(applyToModel));
  let point = await compare();
  for (let part = 1; part <= points; part += 1) {
    const target = Math.round((count * part) / points) - 1;
    while (done.events < target) {
      const size = Math.min(1 + Math.floor(random() * maxBatch), target - done.events);
      const has = (key: string): boolean => model.has(key);
      await apply(Array.from({ length: size }, () => applyToModel(nextChange(random, has))));
      if (random() >= faultShare) continue;
      done.faults += 1;
      faults[Math.floor(random() * faults.length)]?.();
    }
    point = await compare();
    onPoint?.(point);
  }
  return point;
}

/** The store and its reflector as the product has them, but that nothing is waited for between two tries. */
function follow(scope: Scope, url: string, random: () => number) {
  const store = createAccountStore((annotations) => parseIdentity(annotations, defaults), defaults.annotationPrefix);
  const transport = createTransport(connectionTo(url), { version: '0' });
  const relists: Record<string, number> = {};
  let watched = 0;
  let onChange: (() => void) | undefined;
  let lastError = 'none';
  let nowMs = 0;
  const reflector = createReflector({
    api: transport,
    path,
    project: store.project,
    store: store.reflection,
    random,
    now: () => nowMs,
    async wait(delayMs) {
      nowMs += delayMs;
      await new Promise(setImmediate);
    },
    observer: {
      onSynced: () => undefined,
      onEvent: () => {
        watched += 1;
        onChange?.();
      },
      onRelist: (reason) => {
        relists[reason] = (relists[reason] ?? 0) + 1;
      },
      onError: (message) => {
        lastError = message;
      },
      // What a list brought is there by now.
      onConnected: () => onChange?.(),
    },
  });
  scope.onEnd(async () => {
    await reflector.stop();
    transport.close();
  });
  const [namespace = '', name = ''] = markerKey.split('/');
  return {
    store,
    watched: () => watched,
    relists: () => ({ ...relists }),
    /** Resolves when the marker has this role. */
    sees: (arn: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error(`Expected the store to catch up within ${String(catchUpMs)} ms; last error: ${lastError}`));
        }, catchUpMs);
        onChange = () => {
          const promise = store.find({ namespace, name });
          if (promise?.kind !== 'identity' || promise.roleArn !== arn) return;
          clearTimeout(timer);
          resolve();
        };
      }),
  };
}

/** The role is compared with the annotation itself too, lest the parser be held to nothing but the parser. */
function assertEqual(store: ReturnType<typeof createAccountStore>, model: ReadonlyMap<string, Annotations>): void {
  let role = 0;
  for (const [key, annotations] of model) {
    const [namespace = '', name = ''] = key.split('/');
    const promise = store.find({ namespace, name });
    assert.deepEqual(promise, parseIdentity(annotations, defaults), key);
    const arn = annotations?.['eks.amazonaws.com/role-arn']?.trim() ?? '';
    assert.equal(promise.kind === 'identity' ? promise.roleArn : '', arn, key);
    if (arn !== '') role += 1;
  }
  const keys = [...store.entries()].map(([key]) => key);
  assert.deepEqual(keys.toSorted(), [...model.keys()].toSorted());
  assert.deepEqual(store.counts(), { role, bare: model.size - role });
}
