// The reviews of a series, and their right answers as the server gives them.
import type { Agent } from 'node:https';
import { asObject } from '../../src/identity/json.ts';
import { call, type CallAnswer } from '../server/call.ts';
import { accountOf, roleEvery, roleOf } from './accounts.ts';
import { benchReview } from './review.ts';
import { type Order, verifyAnswer, WrongAnswer } from './right-answer.ts';

/** What reviews of a series have in common. */
export type ReviewKind = {
  readonly containers: number;
  /** The account has a role that is known; the pod is opted out; the account has no role, and is read live. */
  readonly outcome: 'injected' | 'opted_out_by_pod' | 'no_role_annotation';
  /** How many accounts there are; reviews are spread over them. */
  readonly accounts: number;
};

/** Reviews to send, and what must come back. */
export type Series = {
  readonly path: string;
  readonly orders: readonly Order[];
  readonly bodies: readonly string[];
  readonly answers: readonly string[];
};

/** Where a server is asked. */
export type Asked = {
  readonly port: number;
  readonly ca: string;
  readonly path: string;
  /** Keeps connections. */
  readonly agent?: Agent;
};

/** More than connections, so that no two of them read one account at the same time. */
const orderCount = 64;

/** Returns the reviews of a series. */
export function createOrders({ containers, outcome, accounts }: ReviewKind): Order[] {
  const groups = accounts / roleEvery;
  return Array.from({ length: orderCount }, (_, position) => {
    // Those with a role are the first of each group, those without are next to them.
    const group = Math.floor((position * groups) / orderCount) * roleEvery;
    const index = outcome === 'no_role_annotation' ? group + 1 + (position % (roleEvery - 1)) : group;
    const uid = `705ab4f5-6393-11e8-b7cc-${String(position).padStart(12, '0')}`;
    const review = benchReview({
      account: accountOf(index),
      containers,
      uid,
      isOptedOut: outcome === 'opted_out_by_pod',
    });
    return { uid, review, outcome, roleArn: outcome === 'injected' ? roleOf(index) : undefined };
  });
}

/**
 * Has the webhook answer each review, holds that to what is right, and returns the answers to be had from now on. Those
 * of the first time may be written in another way: what is made once an identity is not there yet.
 */
export async function prepareSeries(asked: Asked, orders: readonly Order[]): Promise<Series> {
  const bodies = orders.map(({ review }) => JSON.stringify(review));
  const answers: string[] = [];
  for (const order of orders) await askOnce(asked, order);
  for (const order of orders) answers.push(await askOnce(asked, order));
  return { path: asked.path, orders, bodies, answers };
}

/** The same for the floor, whose answers are the first one of the webhook's with another UID each. */
export async function prepareFloor(asked: Asked, { orders, bodies, answers }: Series): Promise<Series> {
  const sample = asObject(JSON.parse(answers[0] ?? ''));
  const floorAnswers: string[] = [];
  for (const [position, { uid }] of orders.entries()) {
    const expected = JSON.stringify({ ...sample, response: { ...asObject(sample?.['response']), uid } });
    const reply = await ask(asked, bodies[position] ?? '');
    if (reply.status !== 200 || reply.body !== expected) {
      throw new WrongAnswer(`expected the floor to answer ${expected}, got ${reply.status} and ${reply.body}`);
    }
    floorAnswers.push(expected);
  }
  return { path: asked.path, orders, bodies, answers: floorAnswers };
}

/** Returns an answer of the webhook; rejects with a WrongAnswer where it is not right. */
export async function askOnce(asked: Asked, order: Order): Promise<string> {
  const reply = await ask(asked, JSON.stringify(order.review));
  verifyAnswer(reply, order);
  return reply.body;
}

async function ask({ path, ...target }: Asked, body: string): Promise<CallAnswer> {
  return call(target, path, {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'application/json' },
    ...(target.agent && { agent: target.agent }),
  });
}
