import assert from 'node:assert/strict';
import { decideLeaf, leafRenewAtMs, type LeafView } from '../../src/certificates/leaf-rotation.ts';

const signer = { cert: 'b', notBeforeMs: 0, notAfterMs: 100_000 };
const leafOf = (cert: string, notAfterMs = 20_000) => ({ authority: { cert }, notAfterMs, renewAtMs: 15_000 });
const view = (changed: Partial<LeafView>): LeafView => ({
  leaf: undefined,
  signer,
  isHeld: () => true,
  heldMs: () => 2_000,
  nowMs: 10_000,
  settings: { propagationDelayMs: 2_000 },
  ...changed,
});

describe('certificates/leaf-rotation', () => {
  const signs: readonly (readonly [name: string, input: LeafView])[] = [
    ['the first one', view({})],
    ['the first one, as soon as the bundles hold its authority', view({ heldMs: () => 0 })],
    ['a third is left', view({ leaf: leafOf('b'), nowMs: 15_000 })],
    [
      'a third is left, whatever the bundles hold by now',
      view({ leaf: leafOf('b'), nowMs: 15_000, isHeld: () => false }),
    ],
    ['it has ended', view({ leaf: leafOf('b', 9_000) })],
    ['another authority signs, and every API server knows it', view({ leaf: leafOf('a') })],
    [
      'another authority signs, and what is served is not verified any more',
      view({ leaf: leafOf('a'), heldMs: () => 0, isHeld: (cert) => cert === 'b' }),
    ],
    ['another authority signs, and what is served has ended', view({ leaf: leafOf('a', 9_000), heldMs: () => 0 })],
  ];
  for (const [name, input] of signs) {
    it(`signs: ${name}`, () => {
      assert.equal(decideLeaf(input).kind, 'sign');
    });
  }

  const keeps: readonly (readonly [name: string, input: LeafView, untilMs: number])[] = [
    ['nothing signs', view({ signer: undefined, leaf: leafOf('a') }), Number.POSITIVE_INFINITY],
    ['what signs has ended', view({ nowMs: 100_000 }), Number.POSITIVE_INFINITY],
    ['more than a third is left', view({ leaf: leafOf('b') }), 15_000],
    ['it ends with its authority', view({ leaf: leafOf('b', 100_000), nowMs: 99_000 }), 100_000],
    ['the bundles do not hold the first one', view({ isHeld: () => false }), Number.POSITIVE_INFINITY],
    [
      'the bundles do not hold the other one',
      view({ leaf: leafOf('a'), isHeld: (cert) => cert === 'a' }),
      Number.POSITIVE_INFINITY,
    ],
    ['not every API server may know the other one', view({ leaf: leafOf('a'), heldMs: () => 500 }), 11_500],
  ];
  for (const [name, input, untilMs] of keeps) {
    it(`keeps: ${name}`, () => {
      const step = decideLeaf(input);
      assert.deepEqual([step.kind, step.kind === 'keep' && step.untilMs], ['keep', untilMs]);
    });
  }

  it('renews between a third and 13/30 of the life before the end', () => {
    assert.equal(leafRenewAtMs(0, 30_000, 0), 20_000);
    assert.equal(leafRenewAtMs(0, 30_000, 1), 17_000);
  });
});
