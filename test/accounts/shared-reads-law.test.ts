// The law of shared reads, over any order of events: no answer is older than its question, and reads stay few.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Answer } from '../../src/accounts/lookup.ts';
import { shareReads } from '../../src/accounts/shared-reads.ts';
import { identity } from '../admission/reviews.ts';

const maxInFlight = 3;
const accountNames = ['a', 'b', 'c', 'd', 'e'];

type Event =
  | { readonly kind: 'review'; readonly account: number }
  | { readonly kind: 'leave'; readonly review: number }
  | { readonly kind: 'end'; readonly read: number };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('review' as const), account: fc.nat(accountNames.length - 1) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), review: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), read: fc.nat() }) },
);

type Read = { readonly name: string; readonly startedAt: number; readonly end: (answer: Answer) => void };
type Review = { readonly name: string; readonly cameAt: number; readonly caller: AbortController; answer?: Answer };

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A world whose clock is the order of events. */
function createWorld() {
  let time = 0;
  const underWay = new Set<Read>();
  const reviews: Review[] = [];
  const reads: Read[] = [];
  const lookup = shareReads({
    maxInFlight,
    patienceMs: Number.POSITIVE_INFINITY,
    maxPauseMs: 0,
    now: () => 0,
    onRead: () => undefined,
    read: ({ name }, { callerGone }) =>
      new Promise((resolve) => {
        const read: Read = {
          name,
          startedAt: (time += 1),
          end: (answer) => {
            underWay.delete(read);
            resolve(answer);
          },
        };
        callerGone().addEventListener('abort', () => {
          read.end({ kind: 'fault', reason: 'lookup_failed', message: 'aborted' });
        });
        underWay.add(read);
        reads.push(read);
      }),
  });
  return {
    underWay,
    reviews,
    reads,
    review(name: string): void {
      const review: Review = { name, cameAt: (time += 1), caller: new AbortController() };
      reviews.push(review);
      const deadline = { atMs: Number.POSITIVE_INFINITY, callerGone: () => review.caller.signal };
      void Promise.resolve(lookup({ namespace: 'shop', name }, deadline)).then((answer) => (review.answer = answer));
    },
    /** Each read answers with its own name and start. */
    end(read: Read): void {
      read.end({ ...identity, roleArn: read.name, tokenExpirationSeconds: read.startedAt });
    },
  };
}

type World = ReturnType<typeof createWorld>;

function apply(world: World, happening: Event): void {
  switch (happening.kind) {
    case 'review':
      world.review(accountNames[happening.account] ?? '');
      return;
    case 'leave':
      world.reviews[happening.review % Math.max(1, world.reviews.length)]?.caller.abort();
      return;
    case 'end': {
      const read = [...world.underWay][happening.read % Math.max(1, world.underWay.size)];
      if (read !== undefined) world.end(read);
    }
  }
}

function assertLaws({ underWay, reviews }: World): void {
  assert.ok(underWay.size <= maxInFlight, 'reads under way');
  const names = [...underWay].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, 'one read of an account at a time');
  for (const { name, cameAt, answer } of reviews) {
    if (answer?.kind !== 'identity') continue;
    assert.equal(answer.roleArn, name, 'an answer about the account that was asked about');
    assert.ok(answer.tokenExpirationSeconds > cameAt, 'an answer of a read that started after the review came');
  }
}

describe('accounts/shared-reads, any order of events', () => {
  it('answers each review from a read that started after it, and every one in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(event, { maxLength: 12 }), { maxLength: 12 }), async (rounds) => {
        const world = createWorld();
        for (const round of rounds) {
          // Within a round nothing settles between two events.
          for (const happening of round) apply(world, happening);
          await settled();
          assertLaws(world);
        }
        while (world.underWay.size > 0) {
          for (const read of world.underWay) world.end(read);
          await settled();
          assertLaws(world);
        }
        for (const { answer, caller } of world.reviews) {
          assert.ok(answer?.kind === 'identity' || (answer?.kind === 'fault' && caller.signal.aborted));
        }
        const wanted = world.reviews.filter(({ answer }) => answer?.kind === 'identity').length;
        const ended = world.reads.filter(({ name }) => accountNames.includes(name)).length;
        assert.ok(ended <= world.reviews.length && (wanted === 0 || ended > 0));
      }),
      { numRuns: 300 },
    );
  });

  it('reads an account twice, however many reviews of it come at a time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 1_000 }), async (count) => {
        const world = createWorld();
        for (let review = 0; review < count; review += 1) world.review('a');
        while (world.underWay.size > 0) {
          for (const read of world.underWay) world.end(read);
          await settled();
        }
        assert.equal(world.reads.length, 2);
        assert.ok(world.reviews.every(({ answer }) => answer?.kind === 'identity'));
      }),
      { numRuns: 30 },
    );
  });
});
