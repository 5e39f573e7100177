// What the webhook itself counts of the reviews that it was sent.
import { call } from '../server/call.ts';
import { WrongAnswer } from './right-answer.ts';

/** Values by series, as written: `name{label="value"}`. */
export type Counts = ReadonlyMap<string, number>;

/** How many reviews of which outcome there must have been. */
export type ExpectedCounts = {
  readonly outcome: string;
  readonly reviews: number;
  /** Reads from the API server, none of them shared by two reviews. */
  readonly liveReads: number;
};

const reviewsTotal = /^irsa_webhook_reviews_total\{outcome="(\w+)"\}$/;
const readsTotal = 'irsa_webhook_live_reads_total';

/** Reads the metrics of the webhook. */
export async function readCounts(metricsPort: number): Promise<Counts> {
  const { status, body } = await call({ port: metricsPort }, '/metrics');
  if (status !== 200) throw new Error(`expected the metrics, got status ${status}`);
  return parseCounts(body);
}

/** Returns the value of each line that has one. */
export function parseCounts(text: string): Counts {
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const end = line.lastIndexOf(' ');
        return [line.slice(0, end), Number(line.slice(end + 1))];
      }),
  );
}

/** Throws a {@link WrongAnswer} where other reviews have been counted than those that were sent. */
export function verifyCounts(before: Counts, after: Counts, expected: ExpectedCounts): void {
  const counted = new Map(
    [...after]
      .map(([series, value]) => [reviewsTotal.exec(series)?.[1], value - (before.get(series) ?? 0)] as const)
      .filter(([outcome, count]) => outcome !== undefined && count !== 0),
  );
  const liveReads = (after.get(readsTotal) ?? 0) - (before.get(readsTotal) ?? 0);
  const isRight = counted.size === 1 && counted.get(expected.outcome) === expected.reviews;
  if (isRight && liveReads === expected.liveReads) return;
  const got = `${JSON.stringify(Object.fromEntries(counted))} and ${liveReads} live reads`;
  throw new WrongAnswer(
    `expected the webhook to count ${expected.reviews} reviews as ${expected.outcome} and ${expected.liveReads} live reads, got ${got}`,
  );
}
