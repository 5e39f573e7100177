// The law of a reflector: whatever happens, in whatever order, its store becomes equal to the collection.

import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import {
  endAtOnce,
  errorEvent,
  type FakeWatchServer,
  refuse,
  resetAtOnce,
  startFakeWatchServer,
} from './fake-watch-server.ts';
import { connectionTo, inStep, startReflected } from './reflected.ts';
import { useScope } from './scope.ts';

/** Something that happens, and how it happens to a server; what it leaves in the collection is in the model. */
type Step = { readonly name: string; readonly take: (server: FakeWatchServer, model: Map<string, string>) => unknown };

const keys = Array.from({ length: 12 }, (_, index) => `shop/account-${index}`);

const changes = fc
  .record({ key: fc.constantFrom(...keys), value: fc.string(), isRemoval: fc.boolean() })
  .map(({ key, value, isRemoval }): Step => ({
    name: isRemoval ? `remove ${key}` : `put ${key} ${JSON.stringify(value)}`,
    take(server, model) {
      if (!isRemoval) {
        model.set(key, value);
        server.put(key, value);
      } else if (model.delete(key)) server.remove(key);
    },
  }));

const faultTable: Readonly<Record<string, Step['take']>> = {
  'a bookmark': (server) => server.bookmark(),
  'the watch ends': (server) => server.endWatches(),
  'the watch is reset': (server) => server.resetWatches(),
  'half a line, and a reset'(server) {
    server.write('{"type":"ADDED","object":{"metadata":{"na');
    server.resetWatches();
  },
  'a line that is not JSON': (server) => server.write('{"type":\n'),
  'a line that is no event': (server) => server.write('[]\n'),
  'an object without metadata': (server) => server.write('{"type":"ADDED","object":{}}\n'),
  'an ERROR event of 500': (server) => server.write(errorEvent(500, 'InternalError')),
  'an ERROR event of 410': (server) => server.write(errorEvent(410, 'Expired')),
  'events are forgotten (status)'(server) {
    server.compact('status');
    server.resetWatches();
  },
  'events are forgotten (event)'(server) {
    server.compact('event');
    server.endWatches();
  },
  'the next watch is refused': (server) => server.next('watch', refuse(503, 'ServiceUnavailable')),
  'the next watch ends at once': (server) => server.next('watch', endAtOnce),
  'the next watch is reset': (server) => server.next('watch', resetAtOnce),
  'the next page is refused': (server) => server.next('list', refuse(500, 'InternalError')),
  'the second page is expired': (server) => server.next('list', server.answer, refuse(410, 'Expired')),
  'the next page is reset': (server) => server.next('list', resetAtOnce),
  async 'the API server is gone for a moment'(server) {
    await server.stop();
    await new Promise((resolve) => setTimeout(resolve, 3));
    await server.start();
  },
  'some time': () => new Promise((resolve) => setTimeout(resolve, 2)),
};

const faults = fc.constantFrom(...Object.entries(faultTable)).map(([name, take]): Step => ({ name, take }));

const steps = fc.array(fc.oneof({ weight: 3, arbitrary: changes }, { weight: 2, arbitrary: faults }), {
  maxLength: 40,
});

describe('kubernetes/reflector, its law', () => {
  const scope = useScope();

  it('the store becomes equal to the model after any changes, relists and faults', async function () {
    this.timeout(60_000);
    let relistCount = 0;
    const law = fc.asyncProperty(steps, fc.integer({ min: 0, max: 1_100 }), async (taken, initialCount) => {
      const server = await startFakeWatchServer(scope);
      const model = new Map<string, string>();
      for (let index = 0; index < initialCount; index += 1) model.set(`shop/account-${index}`, 'initial');
      for (const [key, value] of model) server.put(key, value);
      const reflected = startReflected(scope, connectionTo(server.url));
      for (const { take } of taken) await take(server, model);
      // The last word is a change, since a watch may end in silence after all else.
      server.put('shop/last', 'word');
      model.set('shop/last', 'word');
      await inStep(server, reflected);
      assert.deepEqual(reflected.entries(), model);
      assert.equal(reflected.told.syncedCount, 1);
      relistCount += reflected.told.relists.length;
      await reflected.reflector.stop();
    });
    await fc.assert(law, { numRuns: 150, endOnFailure: true });
    assert.ok(relistCount > 0);
  });
});
