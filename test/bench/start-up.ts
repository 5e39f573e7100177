// Starts the webhook with many accounts: how long until its first right answer, and what memory it takes, also when all
// accounts must be listed again.
import { call } from '../server/call.ts';
import type { Children } from './children.ts';
import { accountOf, roleEvery, roleOf } from './accounts.ts';
import { askOnce } from './orders.ts';
import { memoryOf } from './process-cost.ts';
import type { StartResult } from './result.ts';
import { benchReview } from './review.ts';
import type { Order } from './right-answer.ts';
import { type Server, type Servers, untilReady } from './servers.ts';
import { spreadOf } from './statistics.ts';

/** What measuring needs. */
export type StartUpOptions = {
  readonly children: Pick<Children, 'end'>;
  readonly servers: Servers;
  /** Has so many accounts, and no other webhook. */
  readonly accounts: Server;
  readonly count: number;
  readonly starts: number;
};

/** One start. */
type Start = Readonly<Record<Exclude<keyof StartResult, 'accounts'>, number>>;

/** Rejects where an answer is not right. */
export async function measureStarts(options: StartUpOptions): Promise<StartResult> {
  const starts: Start[] = [];
  while (starts.length < options.starts) starts.push(await measureStart(options));
  const spread = (name: keyof Start) => spreadOf(starts.map((start) => start[name]));
  return {
    accounts: options.count,
    listeningSeconds: spread('listeningSeconds'),
    firstAnswerSeconds: spread('firstAnswerSeconds'),
    readySeconds: spread('readySeconds'),
    idleMegabytes: spread('idleMegabytes'),
    residentMegabytes: spread('residentMegabytes'),
    peakMegabytes: spread('peakMegabytes'),
    residentAfterRelistMegabytes: spread('residentAfterRelistMegabytes'),
    peakWithRelistMegabytes: spread('peakWithRelistMegabytes'),
  };
}

async function measureStart(options: StartUpOptions): Promise<Start> {
  return { idleMegabytes: await measureIdle(options), ...(await measureAsked(options)) };
}

/** A start of its own: what answers the first review loads what answers it. */
async function measureIdle({ children, servers, accounts }: StartUpOptions): Promise<number> {
  const webhook = await servers.startWebhook(accounts);
  try {
    await untilReady(webhook);
    return memoryOf(webhook.pid).residentMegabytes;
  } finally {
    await children.end(webhook.child);
  }
}

async function measureAsked({
  children,
  servers,
  accounts,
  count,
}: StartUpOptions): Promise<Omit<Start, 'idleMegabytes'>> {
  const order = lastOrder(count);
  const startMs = performance.now();
  const sinceStart = (): number => (performance.now() - startMs) / 1000;
  const webhook = await servers.startWebhook(accounts);
  const asked = { port: webhook.port, ca: servers.ca, path: '/mutate?timeout=10s' };
  try {
    await askOnce(asked, order);
    const firstAnswerSeconds = sinceStart();
    await untilReady(webhook);
    const readySeconds = sinceStart();
    await askOnce(asked, order);
    const ready = memoryOf(webhook.pid);

    await relist(accounts);
    await askOnce(asked, order);
    const relisted = memoryOf(webhook.pid);
    return {
      listeningSeconds: webhook.listeningMs / 1000,
      firstAnswerSeconds,
      readySeconds,
      ...ready,
      residentAfterRelistMegabytes: relisted.residentMegabytes,
      peakWithRelistMegabytes: relisted.peakMegabytes,
    };
  } finally {
    await children.end(webhook.child);
  }
}

/** Has the API server's stand-in end the watch with a 410; resolves when all accounts have been listed again. */
async function relist({ port }: Server): Promise<void> {
  const { status } = await call({ port }, '/expire', { method: 'POST' });
  if (status !== 200) throw new Error(`expected a new list and a new watch, got status ${status}`);
}

/** A pod of the last account with a role, which is on the last page of the list. */
function lastOrder(count: number): Order {
  const index = count - roleEvery;
  const uid = '705ab4f5-6393-11e8-b7cc-42010a800002';
  const review = benchReview({ account: accountOf(index), uid });
  return { uid, review, outcome: 'injected', roleArn: roleOf(index) };
}
