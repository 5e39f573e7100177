// The metrics of the accounts of a cluster: how they are followed, and what live lookups cost.
import { Counter, Gauge, type Registry } from 'prom-client';
import { createDurations } from './durations.ts';
import { createTally } from './tally.ts';

/** What is read when the metrics are. */
export type AccountsState = {
  readonly isWatchConnected: boolean;
  /** Since the last event, bookmark or complete list; since the start where there was none. */
  readonly msSinceSignOfLife: number;
  readonly accounts: { readonly role: number; readonly bare: number };
};

/** Whence the metrics come. */
export type AccountMetricsOptions = {
  readonly state: () => AccountsState;
  /** The words that are counted; each starts at 0. */
  readonly relistReasons: readonly string[];
  readonly lookupResults: readonly string[];
};

/** What is counted. */
export type AccountMetrics = {
  readonly countRelist: (reason: string) => void;
  /** A review that needed a live read. */
  readonly countLiveLookup: (result: string, waitMs: number) => void;
  /** A live read, which may be shared by many reviews. */
  readonly countLiveRead: () => void;
};

/** Seconds. A read takes a few milliseconds; `--lookup-timeout` is 1 s by default. */
const waitBucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Creates the metrics in a registry. */
export function createAccountMetrics(registry: Registry, options: AccountMetricsOptions): AccountMetrics {
  const registers = [registry];
  createStateGauges(registers, options.state);
  const relists = new Counter({
    name: 'irsa_webhook_relists_total',
    help: 'Times that all accounts had to be listed again, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const lookups = createTally({
    name: 'irsa_webhook_live_lookups_total',
    help: 'Reviews whose account was read live, by result.',
    labelNames: ['result'],
    registers,
  });
  const reads = createTally({
    name: 'irsa_webhook_live_reads_total',
    help: 'Live reads of accounts, each shared by the reviews that waited for it.',
    labelNames: [],
    registers,
  });
  const wait = createDurations({
    name: 'irsa_webhook_live_lookup_wait_seconds',
    help: 'Time that a review waited for a live read, in seconds.',
    bucketsSeconds: waitBucketsSeconds,
    registers,
  });
  for (const reason of options.relistReasons) relists.inc({ reason }, 0);
  for (const result of options.lookupResults) lookups.add([result], 0);
  return {
    countRelist: (reason) => {
      relists.inc({ reason });
    },
    countLiveLookup: (result, waitMs) => {
      lookups.add([result]);
      wait.add(waitMs);
    },
    countLiveRead: () => {
      reads.add([]);
    },
  };
}

function createStateGauges(registers: Registry[], state: () => AccountsState): void {
  const connected = new Gauge({
    name: 'irsa_webhook_watch_connected',
    help: 'Whether the watch of service accounts is open.',
    registers,
    collect: () => {
      connected.set(state().isWatchConnected ? 1 : 0);
    },
  });
  const silence = new Gauge({
    name: 'irsa_webhook_watch_silence_seconds',
    help: 'Time since the last event, bookmark or complete list of service accounts, in seconds.',
    registers,
    collect: () => {
      silence.set(state().msSinceSignOfLife / 1000);
    },
  });
  const accounts = new Gauge({
    name: 'irsa_webhook_accounts',
    help: 'Service accounts that are known, with a role and without (bare).',
    labelNames: ['kind'],
    registers,
    collect: () => {
      for (const [kind, count] of Object.entries(state().accounts)) accounts.set({ kind }, count);
    },
  });
}
