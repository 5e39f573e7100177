// Lets reviews of one account share reads of it, each of which starts after the reviews that it answers have come.
import { accountKey, type AccountRef } from '../identity/account-ref.ts';
import { createEndController, type EndController } from '../kubernetes/end-signal.ts';
import type { Answer, Deadline, Lookup } from './lookup.ts';
import { lookupFault } from './lookup-fault.ts';

/** What sharing needs. */
export type SharedReadsOptions = {
  /** Reads an account. */
  readonly read: Lookup;
  /** Milliseconds on the clock of deadlines. */
  readonly now: () => number;
  /** Told when a read starts. */
  readonly onRead: () => void;
  /** Reads under way at a time, of all accounts together; others wait. Default 32: beyond, the API server queues. */
  readonly maxInFlight?: number;
  /** How long a read keeps the next one of the same account waiting. Default 250 ms: a hundred times what it takes. */
  readonly patienceMs?: number;
  /** Longest pause between the starts of two reads of one account. Default 100 ms. */
  readonly maxPauseMs?: number;
};

const defaultMaxInFlight = 32;
const defaultPatienceMs = 250;
const defaultMaxPauseMs = 100;
/** Doubled, and as much again added, with each shared read: 4, 12, 28, 60, 100 ms. */
const firstPauseMs = 4;
/** A review gives no more than this share of the time that it has left to a pause. */
const maxPauseShare = 0.25;
/** As long as a review has more than this share of its time left, it is read for however long reads take. */
const lastShare = 0.1;
/** No read takes less. */
const leastReadMs = 2;
/** The longest time that Node's timers take. */
const maxTimerMs = 2 ** 31 - 1;

/** A read that is to start, or under way, for some reviews. */
type SharedRead = {
  readonly account: AccountRef;
  readonly reads: AccountReads;
  /** Lists here, and no sets: those outgrow their tables time and again, and each old one keeps the next alive. */
  readonly waiters: ((answer: Answer) => void)[];
  /** Ends the read when nobody waits for it any more. */
  readonly abandoned: EndController;
  /** The latest of its reviews. */
  deadlineMs: number;
  /** From this moment on none of its reviews has more than the last share of its time left. */
  lateFromMs: number;
  /** The earliest of its reviews. */
  firstDeadlineMs: number;
  /** On the clock of deadlines; undefined until it starts. */
  startedMs: number | undefined;
  /** It waits for nothing but a free place, or has one. */
  isDue: boolean;
  /** Ends the wait for the one before, or the pause after it, at this moment. */
  armed: { readonly atMs: number; readonly timer: NodeJS.Timeout } | undefined;
};

/** The reads of one account. */
type AccountReads = {
  readonly key: string;
  underWay: number;
  lastStartedMs: number;
  /**
   * Kept between the starts of two reads, so that a flood of reviews costs a few reads and not as many as fit one after
   * the other. Grows as long as reads are shared, and shrinks when they are not: who creates one pod after the other
   * never waits for it.
   */
  pauseMs: number;
  /** Not started yet: the one that a review may join. */
  next: SharedRead | undefined;
};

/**
 * Returns a lookup that answers from a read that started after the question came. Questions about an account that is
 * being read share the next read, which starts when that one has ended, or is late: a read that hangs takes nobody along.
 * One that has waited until it can only be late itself is not started, so that it takes no place from others.
 * Each question has its own deadline; a read ends early only when everybody has left who waited for it.
 */
export function shareReads(options: SharedReadsOptions): Lookup {
  const { now } = options;
  const schedule = createSchedule(options);
  return (account, deadline) => {
    if (deadline.atMs <= now()) return timedOut(account, 0);
    const callerGone = deadline.callerGone();
    if (callerGone.aborted) return abandoned(account);
    return new Promise((resolve) => {
      const startMs = now();
      const read = schedule.join(account, deadline.atMs);
      const finish = (answer: Answer): void => {
        clearTimeout(timer);
        callerGone.removeEventListener('abort', onGone);
        resolve(answer);
      };
      const leave = (answer: Answer): void => {
        finish(answer);
        remove(read.waiters, finish);
        if (read.waiters.length === 0) schedule.abandon(read);
      };
      const onGone = (): void => {
        leave(abandoned(account));
      };
      const onTimeout = (): void => {
        leave(timedOut(account, now() - startMs, read.startedMs === undefined));
      };
      const timer = setTimeout(onTimeout, Math.min(Math.ceil(deadline.atMs - startMs), maxTimerMs));
      callerGone.addEventListener('abort', onGone, { once: true });
      read.waiters.push(finish);
      schedule.startDue();
    });
  };
}

/** Which read starts when. */
function createSchedule({ read, now, onRead, ...limits }: SharedReadsOptions) {
  const { maxInFlight = defaultMaxInFlight, patienceMs = defaultPatienceMs, maxPauseMs = defaultMaxPauseMs } = limits;
  const accounts = new Map<string, AccountReads>();
  /** Reads that wait for nothing but a free place, in the order in which they may start. */
  const due: SharedRead[] = [];
  let inFlight = 0;
  /** What the last read took that ended. */
  let lastTookMs = 0;

  const readsOf = (account: AccountRef): AccountReads => {
    const key = accountKey(account);
    const known = accounts.get(key);
    if (known !== undefined) return known;
    const reads = { key, underWay: 0, lastStartedMs: Number.NEGATIVE_INFINITY, pauseMs: 0, next: undefined };
    accounts.set(key, reads);
    return reads;
  };
  const forgetIdle = (reads: AccountReads): void => {
    const { key } = reads;
    const forget = (): void => {
      // A later one may have come and gone since, and its own timer is to see to it then.
      const isRecent = reads.pauseMs > 0 && now() - reads.lastStartedMs < maxPauseMs;
      const isIdle = reads.underWay === 0 && reads.next === undefined;
      if (isIdle && !isRecent && accounts.get(key) === reads) accounts.delete(key);
    };
    // Whoever comes within a pause is to find it.
    if (reads.pauseMs === 0) forget();
    else setTimeout(forget, 2 * maxPauseMs).unref();
  };

  const makeDue = (next: SharedRead): void => {
    clearTimeout(next.armed?.timer);
    next.isDue = true;
    due.push(next);
  };
  /** Lets a read start at `atMs` or earlier, as was arranged before. */
  const startBy = (next: SharedRead, atMs: number): void => {
    if (next.isDue || (next.armed !== undefined && next.armed.atMs <= atMs)) return;
    clearTimeout(next.armed?.timer);
    const onTime = (): void => {
      makeDue(next);
      startDue();
    };
    const waitMs = atMs - now();
    if (waitMs <= 0) makeDue(next);
    else next.armed = { atMs, timer: setTimeout(onTime, Math.min(Math.ceil(waitMs), maxTimerMs)) };
  };
  /** Arranges the start of a read for a review that has so much time. */
  const arrange = (next: SharedRead, reads: AccountReads, deadlineMs: number): void => {
    if (reads.underWay > 0) startBy(next, reads.lastStartedMs + patienceMs);
    else startBy(next, Math.min(reads.lastStartedMs + reads.pauseMs, now() + (deadlineMs - now()) * maxPauseShare));
  };

  const start = (next: SharedRead): void => {
    const { reads, waiters } = next;
    reads.next = undefined;
    reads.underWay += 1;
    if (waiters.length > 1) reads.pauseMs = Math.min(maxPauseMs, 2 * reads.pauseMs + firstPauseMs);
    inFlight += 1;
    const startedMs = now();
    next.startedMs = reads.lastStartedMs = startedMs;
    onRead();
    void run(next, startedMs);
  };
  const run = async (started: SharedRead, startedMs: number): Promise<void> => {
    const { account, reads, waiters } = started;
    const deadline: Deadline = { atMs: started.deadlineMs, callerGone: () => started.abandoned.signal };
    const isShared = waiters.length > 1;
    const answer = await read(account, deadline);
    reads.underWay -= 1;
    inFlight -= 1;
    lastTookMs = now() - startedMs;
    // Who leads a flood is alone, too, but not for long.
    if (!isShared && reads.next === undefined) reads.pauseMs = reads.pauseMs > firstPauseMs ? reads.pauseMs / 2 : 0;
    for (const finish of waiters.splice(0)) finish(answer);
    if (reads.next !== undefined && reads.underWay === 0) arrange(reads.next, reads, reads.next.firstDeadlineMs);
    forgetIdle(reads);
    startDue();
  };
  /** Takes out the first one that may start now. */
  const takeDue = (): SharedRead | undefined => {
    if (inFlight >= maxInFlight) return undefined;
    const nowMs = now();
    // Where none is under way, one may be tried, since what the last one took may be long past.
    const expectedMs = inFlight === 0 ? leastReadMs : lastTookMs;
    const isTooLate = (next: SharedRead): boolean => next.lateFromMs < nowMs && next.deadlineMs - nowMs < expectedMs;
    // One that is too late stays: reads may become faster, a review that has more time may join it, or all leave it.
    const position = due.findIndex((next) => !isTooLate(next));
    return position === -1 ? undefined : due.splice(position, 1)[0];
  };
  const startDue = (): void => {
    for (let next = takeDue(); next !== undefined; next = takeDue()) start(next);
  };

  return {
    startDue,

    /** Returns the read for a question that comes now: one that starts later than this. */
    join(account: AccountRef, deadlineMs: number): SharedRead {
      const reads = readsOf(account);
      const joined = (reads.next ??= createRead(account, reads));
      joined.deadlineMs = Math.max(joined.deadlineMs, deadlineMs);
      joined.lateFromMs = Math.max(joined.lateFromMs, lateFrom(deadlineMs, now()));
      joined.firstDeadlineMs = Math.min(joined.firstDeadlineMs, deadlineMs);
      arrange(joined, reads, deadlineMs);
      return joined;
    },

    /** Ends a read that nobody waits for. */
    abandon(left: SharedRead): void {
      if (left.startedMs !== undefined) {
        left.abandoned.abort();
        return;
      }
      clearTimeout(left.armed?.timer);
      remove(due, left);
      left.reads.next = undefined;
      forgetIdle(left.reads);
    },
  };
}

/** Returns when the last share of a review's time begins: of one without a deadline, never. */
function lateFrom(deadlineMs: number, nowMs: number): number {
  return deadlineMs - lastShare * Math.min(deadlineMs - nowMs, maxTimerMs);
}

function remove<Item>(list: Item[], item: Item): void {
  const position = list.indexOf(item);
  if (position !== -1) list.splice(position, 1);
}

function createRead(account: AccountRef, reads: AccountReads): SharedRead {
  return {
    account,
    reads,
    waiters: [],
    abandoned: createEndController(),
    deadlineMs: 0,
    lateFromMs: 0,
    firstDeadlineMs: Number.POSITIVE_INFINITY,
    startedMs: undefined,
    isDue: false,
    armed: undefined,
  };
}

function timedOut(account: AccountRef, waitedMs: number, isQueued = false): Answer {
  const expected = isQueued ? 'its turn to be read' : 'an answer of the API server';
  const detail = `Expected ${expected} within ${String(Math.round(waitedMs))} ms, got none`;
  return lookupFault('lookup_timeout', account, 'the API server did not answer in time', { detail });
}

function abandoned(account: AccountRef): Answer {
  return lookupFault('lookup_failed', account, 'the caller has gone');
}
