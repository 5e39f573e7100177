import assert from 'node:assert/strict';
import { asArray } from '../../src/identity/json.ts';
import { answerTo, encodePatch, patchFor } from './answers.ts';
import { createOrders, type ReviewKind } from './orders.ts';
import { type Order, verifyAnswer, WrongAnswer } from './right-answer.ts';

function orderOf(outcome: ReviewKind['outcome']): Order {
  const [order] = createOrders({ containers: 2, outcome, accounts: 100 });
  assert.ok(order);
  return order;
}

const outcomes = ['injected', 'opted_out_by_pod', 'no_role_annotation'] as const;
const injected = orderOf('injected');
const patch = Buffer.from(patchFor(injected, injected.roleArn ?? ''), 'base64').toString();
const operations = asArray(JSON.parse(patch)) ?? [];
const otherRole = 'arn:aws:iam::111122223333:role/team/workload-10';

describe('a right answer of the benchmark', () => {
  for (const outcome of outcomes) {
    it(`is one with the outcome ${outcome} and what belongs to it`, () => {
      const order = orderOf(outcome);
      verifyAnswer({ status: 200, body: answerTo(order) }, order);
    });
  }

  it('may have its patch in other spaces', () => {
    const spaced = Buffer.from(JSON.stringify(operations, undefined, 1)).toString('base64');
    verifyAnswer({ status: 200, body: answerTo(injected, { patch: spaced }) }, injected);
  });

  const wrong: readonly (readonly [name: string, order: Order, body: string, status?: number])[] = [
    ['with another status', injected, answerTo(injected), 500],
    ['that is no JSON', injected, 'injected'],
    ['that is empty', injected, ''],
    ['of another kind', injected, answerTo(injected).replace('"AdmissionReview"', '"Status"')],
    ['of another version', injected, answerTo(injected).replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1')],
    ['for another review', injected, answerTo(injected, { uid: 'another' })],
    ['that denies', injected, answerTo(injected, { allowed: false })],
    ['with another outcome', injected, answerTo(injected, { auditAnnotations: { outcome: 'token_conflict' } })],
    ['with a warning', injected, answerTo(injected, { warnings: ['look'] })],
    ['without the patch', injected, answerTo(injected, { patch: undefined, patchType: undefined })],
    ['without the type of the patch', injected, answerTo(injected, { patchType: undefined })],
    ['with the patch of another role', injected, answerTo(injected, { patch: patchFor(injected, otherRole) })],
    ['with half a patch', injected, answerTo(injected, { patch: encodePatch(operations.slice(0, -1)) })],
    ['with a patch in another order', injected, answerTo(injected, { patch: encodePatch(operations.toReversed()) })],
    ['with a patch that is none', injected, answerTo(injected, { patch: 'bm9uZQ==' })],
    [
      'with a patch that cannot be applied',
      injected,
      answerTo(injected, { patch: encodePatch([{ op: 'add', path: '/spec/no/where', value: 1 }]) }),
    ],
  ];
  for (const [name, order, body, status = 200] of wrong) {
    it(`is none ${name}`, () => {
      assert.throws(() => {
        verifyAnswer({ status, body }, order);
      }, WrongAnswer);
    });
  }

  it('is none with a patch where the pod must stay as it is', () => {
    for (const outcome of ['opted_out_by_pod', 'no_role_annotation'] as const) {
      const order = orderOf(outcome);
      const body = answerTo(order, { patchType: 'JSONPatch', patch: encodePatch(operations) });
      assert.throws(() => {
        verifyAnswer({ status: 200, body }, order);
      }, WrongAnswer);
    }
  });
});

describe('the reviews of the benchmark', () => {
  for (const accounts of [100, 100_000]) {
    for (const outcome of outcomes) {
      it(`have a UID each, and ${outcome} of ${accounts} accounts have what that needs`, () => {
        const orders = createOrders({ containers: 1, outcome, accounts });
        assert.equal(new Set(orders.map(({ uid }) => uid)).size, 64);
        assert.equal(
          orders.every(({ roleArn }) => (roleArn !== undefined) === (outcome === 'injected')),
          true,
        );
      });
    }

    it(`read 64 different ones of ${accounts} accounts live, so that no read is shared`, () => {
      const orders = createOrders({ containers: 1, outcome: 'no_role_annotation', accounts });
      const names = orders.map(({ review }) => /"serviceAccountName":"([^"]+)"/.exec(JSON.stringify(review))?.[1]);
      assert.equal(new Set(names).size, 64);
    });
  }
});
