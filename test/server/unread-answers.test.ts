// Callers that do not read their answers hold neither a connection nor memory for long.
import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { createAnswerBudget, holdAnswer } from '../../src/server/answer-budget.ts';
import { createConnections } from '../../src/server/connections.ts';
import { callMutate } from './call.ts';
import { createReview } from '../admission/reviews.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';
import { startWebhook } from './webhook.ts';

function createCall(): {
  readonly socket: Socket;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
} {
  const socket = new Socket();
  const request = new IncomingMessage(socket);
  Object.assign(request, { httpVersionMajor: 1, httpVersionMinor: 1 });
  return { socket, request, response: new ServerResponse(request) };
}

/** Its patch takes some 200 KB. */
const largePod = {
  metadata: { name: 'cart-0' },
  spec: {
    serviceAccountName: 'cart',
    containers: Array.from({ length: 300 }, (_, index) => ({ name: `c${String(index)}` })),
  },
};

describe('server: answers that are not read', () => {
  const scope = useScope();

  it('end their connection after ten looks; a call that is still being decided does not', async () => {
    const shed: string[] = [];
    const connections = createConnections({
      max: 10,
      now: () => performance.now(),
      onShed: (reason, count) => shed.push(`${reason} ${String(count)}`),
      unreadLookMs: 2,
    });
    const unread = createCall();
    const undecided = createCall();
    for (const { socket, request, response } of [unread, undecided]) {
      connections.add(socket);
      connections.addCall(request, response);
    }
    // It has no socket to leave by.
    unread.response.end('answer');
    await eventually('the end of the connection', () => unread.socket.destroyed);
    assert.deepEqual(shed, ['slow 1']);
    assert.equal(undecided.socket.destroyed, false);
    undecided.socket.destroy();
    await eventually('no connection', () => connections.count() === 0);
  });

  it('take no more together than their budget, and give it back as they leave', () => {
    const budget = createAnswerBudget(300_000);
    const first = createCall().response;
    assert.ok(holdAnswer(first, 200_000, budget));
    assert.ok(!holdAnswer(createCall().response, 200_000, budget));
    assert.ok(holdAnswer(createCall().response, 64 * 1024, budget), 'small ones are not counted');
    first.emit('close');
    assert.ok(holdAnswer(createCall().response, 200_000, budget));
  });

  it('are none where the caller has gone', () => {
    const budget = createAnswerBudget(300_000);
    const { response } = createCall();
    response.destroy();
    assert.ok(holdAnswer(response, 200_000, budget));
    assert.ok(holdAnswer(createCall().response, 300_000, budget));
  });

  it('are the last of their connection where they are large: its buffers go with it', () => {
    const [small, large] = [createCall().response, createCall().response];
    holdAnswer(small, 64 * 1024, createAnswerBudget());
    holdAnswer(large, 64 * 1024 + 1, createAnswerBudget());
    assert.deepEqual([small.shouldKeepAlive, large.shouldKeepAlive], [true, false]);
  });

  it('beyond the budget are refused with a 503 that says when to try again', async () => {
    const webhook = await startWebhook(scope, { answerBudget: { take: () => false, giveBack: () => undefined } });
    assert.equal((await callMutate(webhook, createReview())).status, 200, 'small');
    const { status, headers, body } = await callMutate(webhook, createReview({ object: largePod }));
    assert.deepEqual([status, headers['retry-after']], [503, '1']);
    assert.match(body, /ERR_ANSWERS_UNREAD/);
    assert.deepEqual(
      webhook.refusals.map(({ code }) => code),
      ['ERR_ANSWERS_UNREAD'],
    );
  });
});
