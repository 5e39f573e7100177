import assert from 'node:assert/strict';
import {
  decideStep,
  type Bundle,
  type Known,
  type RotationView,
  type SecretView,
} from '../../src/certificates/rotation.ts';

const hourMs = 3_600_000;
const settings = { authorityLifetimeMs: 90_000, leafLifetimeMs: 10_000, propagationDelayMs: 2_000 };
/** Each lives for 90 s from its birth on, and is renewed after 60. */
const authority = (cert: string, bornMs: number): Known => ({
  cert,
  notBeforeMs: bornMs - hourMs,
  notAfterMs: bornMs + 90_000,
});
const a = authority('a', 0);
const b = authority('b', 60_000);

const bundle = (...certs: string[]): Bundle => ({ certs: new Set(certs), ended: new Set(), isFaulty: false });
const nothing: SecretView = {
  signer: undefined,
  next: undefined,
  old: undefined,
  switchedAtMs: undefined,
  isFaulty: false,
};
const view = (secret: Partial<SecretView>, rest: Partial<RotationView>): RotationView => ({
  secret: { ...nothing, ...secret },
  bundles: [],
  heldMs: () => 0,
  nowMs: 0,
  settings,
  ...rest,
});

describe('certificates/rotation', () => {
  const cases: readonly (readonly [name: string, input: RotationView, expected: object])[] = [
    ['the first start', view({}, { bundles: [bundle()] }), { kind: 'create', as: 'signer' }],
    ['no configuration yet', view({}, {}), { kind: 'create', as: 'signer' }],
    [
      'the Secret is gone, and the bundles hold what others may serve',
      view({}, { bundles: [bundle('a')] }),
      { kind: 'create', as: 'next' },
    ],
    ['a new signer', view({ signer: a }, { bundles: [bundle()] }), { kind: 'bundle', wanted: ['a'], unwanted: [] }],
    [
      'one of two bundles is foreign',
      view({ signer: a }, { bundles: [bundle('a'), bundle('f')] }),
      { kind: 'bundle', wanted: ['a'], unwanted: [] },
    ],
    [
      'a bundle with a piece of PEM that may hide a certificate',
      view({ signer: a }, { bundles: [{ ...bundle('a'), isFaulty: true }] }),
      { kind: 'bundle', wanted: ['a'], unwanted: [] },
    ],
    ['all is well', view({ signer: a }, { bundles: [bundle('a', 'f')] }), { kind: 'rest', untilMs: 60_000 }],
    ['a third is left', view({ signer: a }, { bundles: [bundle('a')], nowMs: 60_000 }), { kind: 'introduce' }],
    [
      'a next authority',
      view({ signer: a, next: b }, { bundles: [bundle('a')], nowMs: 60_000 }),
      { kind: 'bundle', wanted: ['a', 'b'], unwanted: [] },
    ],
    [
      'a next authority in all bundles, for too short a time',
      view({ signer: a, next: b }, { bundles: [bundle('a', 'b')], nowMs: 61_000, heldMs: () => 500 }),
      { kind: 'rest', untilMs: 62_500 },
    ],
    [
      'a next authority that every API server knows',
      view({ signer: a, next: b }, { bundles: [bundle('a', 'b')], nowMs: 62_000, heldMs: () => 2_000 }),
      { kind: 'switch' },
    ],
    [
      'a next authority, and a bundle that was emptied meanwhile',
      view({ signer: a, next: b }, { bundles: [bundle()], nowMs: 62_000, heldMs: () => 0 }),
      { kind: 'bundle', wanted: ['a', 'b'], unwanted: [] },
    ],
    [
      'after the switch',
      view({ signer: b, old: a, switchedAtMs: 62_000 }, { bundles: [bundle('a', 'b')], nowMs: 62_000 }),
      { kind: 'rest', untilMs: 74_000 },
    ],
    [
      'after the switch, the old one was taken out of a bundle',
      view({ signer: b, old: a, switchedAtMs: 62_000 }, { bundles: [bundle('b')], nowMs: 62_000 }),
      { kind: 'bundle', wanted: ['b', 'a'], unwanted: [] },
    ],
    [
      'a leaf life and the delay later',
      view({ signer: b, old: a, switchedAtMs: 62_000 }, { bundles: [bundle('a', 'b')], nowMs: 74_000 }),
      { kind: 'bundle', wanted: ['b'], unwanted: ['a'] },
    ],
    [
      'and the bundles are done',
      view({ signer: b, old: a, switchedAtMs: 62_000 }, { bundles: [bundle('b')], nowMs: 74_000 }),
      { kind: 'retire' },
    ],
    [
      'a next one after the Secret was lost, beside what others serve',
      view({ next: b, old: a }, { bundles: [bundle('a', 'b')], nowMs: 60_000, heldMs: () => 500 }),
      { kind: 'rest', untilMs: 61_500 },
    ],
    [
      'a next one after the Secret was lost, and nothing else in the bundles',
      view({ next: b }, { bundles: [bundle('b')], nowMs: 60_000, heldMs: () => 0 }),
      { kind: 'switch' },
    ],
    ['what cannot be read', view({ signer: a, isFaulty: true }, { bundles: [bundle('a')] }), { kind: 'repair' }],
    ['what has ended beside one that has not', view({ signer: b, next: a }, { nowMs: 100_000 }), { kind: 'repair' }],
    ['an old one that has ended', view({ signer: b, old: a }, { nowMs: 100_000 }), { kind: 'retire' }],
    [
      'an old one that has ended, in a bundle',
      view({ signer: b, old: a }, { nowMs: 100_000, bundles: [{ ...bundle('b'), ended: new Set(['a']) }] }),
      { kind: 'bundle', wanted: ['b'], unwanted: ['a'] },
    ],
    ['everything has ended', view({ signer: a }, { nowMs: 90_000 }), { kind: 'create', as: 'signer' }],
  ];
  for (const [name, input, expected] of cases) {
    it(name, () => {
      assert.deepEqual(decideStep(input), expected);
    });
  }
});
