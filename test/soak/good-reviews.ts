// A caller that means well: reviews at a steady rate, most on kept connections, and how long each took.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createReview } from '../admission/reviews.ts';
import { percentile } from './tail-times.ts';

const perSecond = 50;
/** So many are sent over a connection of their own. */
const newConnectionEvery = 10;
const timeoutMs = 10_000;

/** What became of the reviews. */
export type GoodReviews = {
  /** Milliseconds of each that was answered with 200 on a connection that was kept. */
  readonly kept: readonly number[];
  /** The same where the connection was opened for it. */
  readonly opened: readonly number[];
  readonly failures: readonly string[];
};

/** Sends reviews for some time and waits for their answers. */
export async function sendGoodReviews(port: number, forMs: number): Promise<GoodReviews> {
  const good = { kept: [] as number[], opened: [] as number[], failures: [] as string[] };
  const agent = new https.Agent({ keepAlive: true, maxSockets: 4 });
  const send = async (isNew: boolean): Promise<void> => {
    try {
      good[isNew ? 'opened' : 'kept'].push(await review(port, isNew ? false : agent));
    } catch (error) {
      good.failures.push(String(error));
    }
  };
  const endMs = performance.now() + forMs;
  const sent: Promise<void>[] = [];
  for (let count = 0; performance.now() < endMs; count += 1) {
    sent.push(send(count % newConnectionEvery === 0));
    await sleep(1_000 / perSecond);
  }
  await Promise.all(sent);
  agent.destroy();
  return good;
}

/** Returns the row of a table about reviews. */
export function describeReviews(name: string, { kept, opened, failures }: GoodReviews): string {
  const [onKept, onNew] = [kept, opened].map((values) =>
    [0.5, 0.99, 1].map((share) => percentile(values, share).toFixed(1)).join(' / '),
  );
  return (
    `${name}: ${String(kept.length + opened.length)} good, ${String(failures.length)} failed; median / p99 / most ` +
    `${String(onKept)} ms on kept connections, ${String(onNew)} ms on new ones`
  );
}

async function review(port: number, agent: https.Agent | false): Promise<number> {
  const body = JSON.stringify(createReview());
  const startMs = performance.now();
  const request = https.request({
    host: '127.0.0.1',
    port,
    path: '/mutate?timeout=10s',
    method: 'POST',
    agent,
    rejectUnauthorized: false,
    headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
    signal: AbortSignal.timeout(timeoutMs),
  });
  request.end(body);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event is documented to carry
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const answer = await text(response);
  assert.equal(response.statusCode, 200, answer);
  return performance.now() - startMs;
}
