// Reads that reviews share: when they start, who gets which answer, who may leave, and how many there are.
import assert from 'node:assert/strict';
import type { Answer, Deadline, Lookup } from '../../src/accounts/lookup.ts';
import { shareReads, type SharedReadsOptions } from '../../src/accounts/shared-reads.ts';
import type { AccountRef } from '../../src/identity/account-ref.ts';
import { identity } from '../admission/reviews.ts';
import { eventually } from '../kubernetes/eventually.ts';

const cart = { namespace: 'shop', name: 'cart' };

type Read = {
  readonly account: AccountRef;
  readonly deadline: Deadline;
  readonly isAborted: () => boolean;
  readonly end: (answer: Answer) => void;
};

/** Reads that end as the test says, or by a fault when they are aborted. */
function start(changed: Partial<SharedReadsOptions> = {}) {
  const reads: Read[] = [];
  let told = 0;
  const read: Lookup = (account, deadline) =>
    new Promise((end) => {
      const signal = deadline.callerGone();
      signal.addEventListener('abort', () => {
        end({ kind: 'fault', reason: 'lookup_failed', message: 'aborted' });
      });
      reads.push({ account, deadline, isAborted: () => signal.aborted, end });
    });
  const lookup = shareReads({
    read,
    now: () => performance.now(),
    onRead: () => (told += 1),
    patienceMs: 60_000,
    ...changed,
  });
  return { lookup, reads, told: () => told };
}

function within(timeoutMs: number, callerGone = new AbortController().signal): Deadline {
  return { atMs: performance.now() + timeoutMs, callerGone: () => callerGone };
}

const long = (): Deadline => within(60_000);
const roleNamed = (name: string): Answer => ({ ...identity, roleArn: `arn:aws:iam::111122223333:role/${name}` });

/** Lets everything happen that waits for no timer. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

async function reasonOf(answer: Answer | Promise<Answer>): Promise<string> {
  const given = await answer;
  return given.kind === 'fault' ? `${given.reason}: ${given.message}: ${given.detail ?? ''}` : given.kind;
}

/** Two reads are under way from the start, one waits that has 1,000 ms. */
function startLate() {
  let clockMs = 0;
  const started = start({ maxInFlight: 2, now: () => clockMs });
  const { reads } = started;
  const review = (name: string, timeoutMs: number) =>
    started.lookup({ namespace: 'shop', name }, { ...long(), atMs: clockMs + timeoutMs });
  const names = () => reads.map(({ account }) => account.name);
  const end = async (name: string): Promise<void> => {
    for (const read of reads) if (read.account.name === name) read.end(identity);
    await settled();
  };
  for (const name of ['one', 'two']) void review(name, 60_000);
  const answer = review('late', 1_000);
  return { review, names, end, answer, pass: (ms: number) => (clockMs += ms) };
}

describe('accounts/shared-reads', () => {
  it('starts a read at once, and answers what it says', async () => {
    const { lookup, reads, told } = start();
    const answer = lookup(cart, long());
    assert.equal(reads.length, 1);
    assert.deepEqual(reads[0]?.account, cart);
    reads[0].end(identity);
    assert.equal(await answer, identity);
    assert.equal(told(), 1);
  });

  it('answers who came later from the next read, together', async () => {
    const { lookup, reads } = start();
    const first = lookup(cart, long());
    const later = Array.from({ length: 999 }, () => lookup(cart, long()));
    assert.equal(reads.length, 1);
    reads[0]?.end(roleNamed('before'));
    assert.deepEqual(await first, roleNamed('before'));
    await settled();
    assert.equal(reads.length, 2);
    reads[1]?.end(roleNamed('after'));
    for (const answer of later) assert.deepEqual(await answer, roleNamed('after'));
    await settled();
    assert.equal(reads.length, 2);
  });

  it('lets no read wait for one that hangs', async () => {
    const { lookup, reads } = start({ patienceMs: 20 });
    void lookup(cart, long());
    const second = lookup(cart, long());
    await eventually('the second read', () => reads.length === 2);
    reads[1]?.end(identity);
    assert.equal(await second, identity);
    assert.equal(reads[0]?.isAborted(), false);
  });

  it('gathers a flood of reviews, ever longer, and lets who comes alone start at once again', async () => {
    const { lookup, reads } = start();
    /** Ends reads until all of so many reviews at a time are answered. */
    const flood = async (count: number): Promise<void> => {
      let answered = 0;
      for (let review = 0; review < count; review += 1) {
        void Promise.resolve(lookup(cart, long())).then(() => (answered += 1));
      }
      await eventually('all answers', () => {
        for (const read of reads) read.end(identity);
        return answered === count;
      });
    };
    for (let round = 0; round < 6; round += 1) await flood(64);
    const readsBefore = reads.length;
    const paused = flood(1);
    assert.equal(reads.length, readsBefore, 'starts after a pause');
    await paused;
    // Each one alone shortens the pause.
    for (let alone = 0; alone < 8; alone += 1) await flood(1);
    const last = reads.length;
    void lookup(cart, long());
    assert.equal(reads.length, last + 1, 'starts at once');
  });

  it('gives a pause no more than a quarter of the time that a review has', async () => {
    const { lookup, reads } = start({ maxPauseMs: 60_000 });
    const kinds: string[] = [];
    const wanted = 10 * 3;
    for (let round = 1; round <= 10; round += 1) {
      for (let review = 0; review < 3; review += 1) {
        void Promise.resolve(lookup(cart, within(400))).then(({ kind }) => kinds.push(kind));
      }
      await eventually('the answers', () => {
        for (const read of reads) read.end(identity);
        return kinds.length === round * 3;
      });
    }
    // By now the pause alone would be longer than the time that a review has.
    assert.deepEqual(
      kinds,
      Array.from({ length: wanted }, () => 'identity'),
    );
  });

  it('has 32 reads under way at most; others start in their order as places come free', async () => {
    const { lookup, reads } = start();
    for (let count = 0; count < 40; count += 1) {
      void lookup({ namespace: 'shop', name: `a${String(count)}` }, long());
    }
    assert.equal(reads.length, 32);
    for (let ended = 0; ended < 40; ended += 1) {
      reads[ended]?.end(identity);
      await settled();
      assert.equal(reads.length, Math.min(40, 33 + ended));
    }
    assert.deepEqual(
      reads.map(({ account }) => account.name),
      Array.from({ length: 40 }, (_, count) => `a${String(count)}`),
    );
  });

  it('asks an API server that hangs for little more than can be under way', async () => {
    const { lookup, reads } = start();
    const accounts = Array.from({ length: 200 }, (_, count) => ({ namespace: 'shop', name: `a${String(count)}` }));
    const reasons = await Promise.all(accounts.map((account) => reasonOf(lookup(account, within(500)))));
    for (const reason of reasons) assert.match(reason, /^lookup_timeout/);
    // Each that timed out left a place for the others, which had some milliseconds left.
    assert.ok(reads.length >= 32 && reads.length < 64, `${String(reads.length)} reads`);
  });

  describe('a read that has waited for a place until little of its time is left', () => {
    it('leaves its place to those behind it where the last one took longer', async () => {
      const { review, names, end, pass } = startLate();
      void review('behind', 60_000);
      pass(950);
      await end('one');
      assert.deepEqual(names(), ['one', 'two', 'behind']);
    });

    for (const [name, timeoutMs] of [
      ['that has more time', 60_000],
      ['that has as little, but no less than when it came', 40],
    ] as const) {
      it(`starts for a review ${name}`, async () => {
        const { review, names, end, answer, pass } = startLate();
        pass(950);
        await end('one');
        assert.deepEqual(names(), ['one', 'two']);
        const joined = review('late', timeoutMs);
        assert.deepEqual(names(), ['one', 'two', 'late']);
        await end('late');
        assert.equal(await joined, identity);
        assert.equal(await answer, identity);
      });
    }

    it('starts with more than a tenth of it left, whatever the last one took', async () => {
      const { names, end, pass } = startLate();
      pass(899);
      await end('one');
      assert.deepEqual(names(), ['one', 'two', 'late']);
    });

    it('starts as soon as another one has taken less', async () => {
      const { review, names, end, answer, pass } = startLate();
      pass(950);
      await end('one');
      void review('quick', 60_000);
      await end('quick');
      assert.deepEqual(names(), ['one', 'two', 'quick', 'late']);
      await end('late');
      assert.equal(await answer, identity);
    });

    it('is tried where none is under way, and the others start if it is quick', async () => {
      const { review, names, end, answer, pass } = startLate();
      const other = review('late too', 1_000);
      pass(950);
      await end('one');
      await end('two');
      assert.deepEqual(names(), ['one', 'two', 'late']);
      pass(5);
      await end('late');
      assert.deepEqual(names(), ['one', 'two', 'late', 'late too']);
      await end('late too');
      assert.equal(await answer, identity);
      assert.equal(await other, identity);
    });

    it('is not even tried with less time than any read takes', async () => {
      const { names, end, pass } = startLate();
      pass(999);
      await end('one');
      await end('two');
      assert.deepEqual(names(), ['one', 'two']);
    });
  });

  it('gives a read the time of the longest review that waits for it', () => {
    const { lookup, reads } = start({ maxInFlight: 1 });
    void lookup({ namespace: 'shop', name: 'other' }, within(500));
    for (const timeoutMs of [1_000, 9_000, 2_000]) void lookup(cart, within(timeoutMs));
    const leftMs = (reads[0]?.deadline.atMs ?? 0) - performance.now();
    assert.ok(leftMs <= 500);
    reads[0]?.end(identity);
    return eventually('the second read', () => {
      const secondLeftMs = (reads[1]?.deadline.atMs ?? 0) - performance.now();
      return secondLeftMs > 2_000 && secondLeftMs <= 9_000;
    });
  });

  it('ends a review by its own deadline, and goes on reading for the others', async () => {
    const { lookup, reads } = start({ maxInFlight: 1 });
    void lookup({ namespace: 'shop', name: 'other' }, long());
    const patient = lookup(cart, long());
    const impatient = lookup(cart, within(20));
    assert.match(
      await reasonOf(impatient),
      /^lookup_timeout: cannot read service account shop\/cart: the API server did not answer in time: Expected its turn to be read within \d+ ms, got none$/,
    );
    reads[0]?.end(identity);
    await settled();
    reads[1]?.end(identity);
    assert.equal(await patient, identity);
    assert.equal(reads[1]?.isAborted(), false);
  });

  it('ends a read that everybody has left, by a deadline or because the caller has gone', async () => {
    const { lookup, reads } = start();
    const other = { namespace: 'shop', name: 'other' };
    const caller = new AbortController();
    const gone = lookup(cart, within(60_000, caller.signal));
    const late = lookup(other, within(20));
    assert.match(await reasonOf(late), /^lookup_timeout: .*: Expected an answer of the API server within \d+ ms/);
    caller.abort();
    assert.equal(await reasonOf(gone), 'lookup_failed: cannot read service account shop/cart: the caller has gone: ');
    assert.deepEqual(
      reads.map((read) => read.isAborted()),
      [true, true],
    );
    await settled();
    void lookup(cart, long());
    assert.equal(reads.length, 3);
  });

  it('starts no read that everybody has left before', async () => {
    const { lookup, reads } = start();
    const first = lookup(cart, long());
    const caller = new AbortController();
    const gone = lookup(cart, within(60_000, caller.signal));
    caller.abort();
    assert.match(await reasonOf(gone), /the caller has gone/);
    reads[0]?.end(identity);
    assert.equal(await first, identity);
    await settled();
    assert.equal(reads.length, 1);
    // Who comes now finds nothing left over.
    const again = lookup(cart, long());
    assert.equal(reads.length, 2);
    reads[1]?.end(identity);
    assert.equal(await again, identity);
  });

  it('reads nothing for a review that is over already', async () => {
    const { lookup, reads } = start();
    assert.match(await reasonOf(lookup(cart, within(-1))), /^lookup_timeout/);
    assert.match(await reasonOf(lookup(cart, within(60_000, AbortSignal.abort()))), /the caller has gone/);
    assert.equal(reads.length, 0);
  });

  it('takes a review that has no deadline', async () => {
    const { lookup, reads } = start();
    const answer = lookup(cart, { ...long(), atMs: Number.POSITIVE_INFINITY });
    await settled();
    reads[0]?.end(identity);
    assert.equal(await answer, identity);
  });
});
