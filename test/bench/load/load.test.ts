import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { useScope } from '../../kubernetes/scope.ts';
import { servingPair } from '../../server/serving-pair.ts';
import { answerTo, patchFor } from '../answers.ts';
import { createChildren } from '../children.ts';
import { createOrders } from '../orders.ts';
import { WrongAnswer } from '../right-answer.ts';
import { createAutocannon } from './autocannon.ts';
import type { Load, LoadGenerator } from './load.ts';
import { findWrk, type WrkOptions } from './wrk.ts';

const orders = createOrders({ containers: 2, outcome: 'injected', accounts: 100 });
const rightAnswers = new Map(orders.map((order) => [order.uid, answerTo(order)]));
const wrongRole = 'arn:aws:iam::111122223333:role/other';
const wrongAnswers = new Map(
  orders.map((order) => [order.uid, answerTo(order, { patch: patchFor(order, wrongRole) })]),
);
/** Which reply is spoilt, where one is: a later one than each connection's first. */
const spoiltReply = 6;

type Reply = (response: ServerResponse, uid: string, count: number) => void;

const replyRight: Reply = (response, uid) => {
  response.end(rightAnswers.get(uid));
};
const spoil =
  (reply: Reply): Reply =>
  (response, uid, count) => {
    (count === spoiltReply ? reply : replyRight)(response, uid, count);
  };

const generators: Readonly<Record<string, (options: WrkOptions) => LoadGenerator | undefined>> = {
  wrk: findWrk,
  autocannon: createAutocannon,
};

for (const [name, find] of Object.entries(generators)) {
  describe(`the load by ${name}`, () => {
    const scope = useScope();

    /** Starts a server that answers so, and returns what sends it load, and how many replies it gave. */
    async function start(reply: Reply) {
      const { cert, key } = await servingPair();
      let count = 0;
      const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
        const uid = /"uid":"([^"]+)"/.exec(await text(request))?.[1] ?? '';
        count += 1;
        reply(response, uid, count);
      };
      const server = createServer({ cert, key }, (request, response) => void answer(request, response));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const children = createChildren();
      scope.onEnd(() => {
        children.endAll();
        server.closeAllConnections();
        server.close();
      });
      const address = server.address();
      assert.ok(typeof address === 'object' && address);
      const generator = find({ children, processor: undefined, folder: await scope.folder() });
      let begun = 0;
      const load: Load = {
        port: address.port,
        path: '/mutate',
        bodies: orders.map(({ review }) => JSON.stringify(review)),
        answers: orders.map(({ uid }) => rightAnswers.get(uid) ?? ''),
        connections: 4,
        seconds: 0.3,
        reviewsPerSecond: undefined,
        onBegin: () => {
          begun += 1;
        },
      };
      return { generator, load, counts: () => ({ replies: count, begun }) };
    }

    before(function () {
      if (find({ children: createChildren(), processor: undefined, folder: '' }) === undefined) this.skip();
    });

    it('counts as many reviews as the server has answered, and has a latency of each that it measured', async () => {
      const { generator, load, counts } = await start(replyRight);
      const report = await generator?.run(load);
      assert.ok(report);
      assert.deepEqual({ replies: report.sent, begun: 1 }, counts());
      assert.ok(report.measured > load.connections && report.measured <= report.sent);
      assert.equal(report.latenciesMs.length, report.measured);
      assert.deepEqual(
        report.latenciesMs,
        report.latenciesMs.toSorted((left, right) => left - right),
      );
      assert.ok((report.latenciesMs[0] ?? 0) > 0 && report.seconds > 0);
    });

    it('at a rate, sends just as many, or says that it cannot', async () => {
      const { generator, load, counts } = await start(replyRight);
      assert.ok(generator);
      const sending = generator.run({ ...load, reviewsPerSecond: 200 });
      if (generator.canPace) assert.equal((await sending).sent, 60);
      else await assert.rejects(sending, /expected wrk for a rate/);
      assert.equal(counts().replies, generator.canPace ? 60 : 0);
    });

    const faults: Readonly<Record<string, Reply>> = {
      'the patch of another role': (response, uid) => {
        response.end(wrongAnswers.get(uid));
      },
      'the answer to another review': (response, uid) => {
        response.end([...rightAnswers].find(([other]) => other !== uid)?.[1]);
      },
      'a 500 with the right body': (response, uid) => {
        response.writeHead(500).end(rightAnswers.get(uid));
      },
      'a 201 with the right body': (response, uid) => {
        response.writeHead(201).end(rightAnswers.get(uid));
      },
      'nothing in a 200': (response) => {
        response.end();
      },
    };
    for (const [fault, reply] of Object.entries(faults)) {
      it(`fails at one reply with ${fault}`, async () => {
        const { generator, load } = await start(spoil(reply));
        // It ends at that reply, however slow the machine is.
        await assert.rejects(async () => generator?.run({ ...load, seconds: 10 }), WrongAnswer);
      });
    }

    it('fails where a connection is reset', async () => {
      const { generator, load } = await start(spoil((response) => response.destroy()));
      await assert.rejects(async () => generator?.run({ ...load, seconds: 2 }), /expected/);
    });
  });
}
