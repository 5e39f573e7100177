// Bounds what answers take that their callers do not read.
import type { ServerResponse } from 'node:http';
import { type BodyBudget, createBodyBudget } from './body.ts';

/** Counts the bytes of large answers until they have left. */
export type AnswerBudget = Pick<BodyBudget, 'giveBack' | 'take'>;

/** Bytes; smaller ones fit into the buffers of a connection, and `--max-connections` bounds them. */
const largeAnswer = 64 * 1024;
/** Bytes that all large answers may take together: eight of the largest. With TLS they take up to three times that. */
const maxUnsentBytes = 32 * 1024 * 1024;

/** Creates a budget for the answers of one port. */
export function createAnswerBudget(maxBytes = maxUnsentBytes): AnswerBudget {
  return createBodyBudget(maxBytes);
}

/** Returns whether an answer of so many bytes may be held until it has left. */
export function holdAnswer(response: ServerResponse, bytes: number, budget: AnswerBudget): boolean {
  // One whose caller has gone is not sent, and closes no more.
  if (bytes <= largeAnswer || response.destroyed) return true;
  if (!budget.take(bytes)) return false;
  // Node's TLS keeps buffers of that size as long as the connection lives.
  response.shouldKeepAlive = false;
  response.once('close', () => {
    budget.giveBack(bytes);
  });
  return true;
}
