import assert from 'node:assert/strict';
import { parseCounts, verifyCounts } from './counts.ts';
import { WrongAnswer } from './right-answer.ts';

const reviews = (outcome: string): string => `irsa_webhook_reviews_total{outcome="${outcome}"}`;

/** As /metrics has them. */
function counts(values: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  const lines = Object.entries(values).map(([series, value]) => `${series} ${value}\n`);
  return parseCounts(`# HELP irsa_webhook_reviews_total Admission reviews by outcome.\n${lines.join('')}`);
}

const before = counts({
  [reviews('injected')]: 7,
  [reviews('no_role_annotation')]: 3,
  irsa_webhook_live_reads_total: 3,
});

describe('what the webhook counts', () => {
  it('is right with as many reviews of the outcome as were sent, and as many reads', () => {
    const after = counts({
      [reviews('injected')]: 7,
      [reviews('no_role_annotation')]: 13,
      irsa_webhook_live_reads_total: 13,
    });
    verifyCounts(before, after, { outcome: 'no_role_annotation', reviews: 10, liveReads: 10 });
  });

  const wrong: readonly (readonly [name: string, after: Readonly<Record<string, number>>])[] = [
    ['one too few', { [reviews('injected')]: 16 }],
    ['one too many', { [reviews('injected')]: 18 }],
    ['one of another outcome, too', { [reviews('injected')]: 17, [reviews('internal_error')]: 1 }],
    ['one of another outcome instead', { [reviews('injected')]: 16, [reviews('internal_error')]: 1 }],
    ['a read that should not have been', { [reviews('injected')]: 17, irsa_webhook_live_reads_total: 4 }],
    ['nothing', {}],
  ];
  for (const [name, changes] of wrong) {
    it(`is wrong with ${name}`, () => {
      const after = new Map([...before, ...counts(changes)]);
      assert.throws(() => {
        verifyCounts(before, after, { outcome: 'injected', reviews: 10, liveReads: 0 });
      }, WrongAnswer);
    });
  }

  it('is wrong where reviews shared a read', () => {
    const after = counts({ [reviews('no_role_annotation')]: 13, irsa_webhook_live_reads_total: 12 });
    assert.throws(() => {
      verifyCounts(before, after, { outcome: 'no_role_annotation', reviews: 10, liveReads: 10 });
    }, WrongAnswer);
  });
});
