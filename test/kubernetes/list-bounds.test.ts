// Lists that would never end: what is read of them, what is told, and that the store keeps what it had.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Transport } from '../../src/kubernetes/transport.ts';
import { endlessBody } from './endless-body.ts';
import { eventually } from './eventually.ts';
import { errorEvent } from './fake-watch-server.ts';
import { connectionTo, createStore, inStep, path, requestsOf, startReflected, startWatched } from './reflected.ts';
import { useScope } from './scope.ts';

const megabyte = 1024 * 1024;
/** What the kernel holds of a stream that nobody reads any more, at both ends of a connection on loopback. */
const socketBufferBytes = 8 * megabyte;
const gone = errorEvent(410, 'Expired');

/** A watch that says 410, or one on which nothing happens until it is ended. */
async function* watchUntil(ended: AbortSignal, isExpired: boolean): AsyncGenerator<string> {
  if (isExpired) yield gone;
  else await once(ended, 'abort');
}

describe('kubernetes/list, without end', () => {
  const scope = useScope();

  it('a page: no more than its limit is read, with ever fewer objects; the store keeps what it had', async () => {
    const { server, reflected } = await startWatched(scope, {});
    const before = new Map(reflected.entries());
    server.unseen(() => {
      server.put('shop/a', 'changed');
      server.remove('shop/b');
    });
    const sent: number[] = [];
    let entriesThen: ReadonlyMap<string, string> | undefined;
    server.next('list', ...Array.from({ length: 8 }, () => endlessBody(sent)));
    // A page of one object, which the server takes for a question about the version.
    server.next('check', endlessBody(sent), (request, response) => {
      entriesThen = new Map(reflected.entries());
      server.answer(request, response);
    });
    server.write(gone);
    await eventually('the next watch', () => requestsOf(server, 'watch').length === 2);
    await inStep(server, reflected);
    assert.deepEqual(entriesThen, before);
    assert.deepEqual(reflected.told.errors.slice(1), [
      'Expected one object of /api/v1/serviceaccounts in at most 16777216 bytes, got more',
    ]);
    assert.equal(sent.length, 9);
    for (const bytes of sent.slice(0, 8)) assert.ok(bytes < 8 * megabyte + socketBufferBytes, String(bytes));
    assert.ok((sent[8] ?? 0) < 16 * megabyte + socketBufferBytes, String(sent[8]));
    assert.deepEqual(reflected.delays, [400, 800]);
  });

  const names = Array.from({ length: 500 }, (_, index) => ({ metadata: { name: `account-${index}` } }));
  const rows: readonly {
    readonly name: string;
    readonly items: readonly object[];
    /** Spaces, which JSON may have anywhere. */
    readonly padding: number;
    readonly message: string;
    readonly pages: number;
  }[] = [
    { name: 'empty pages', items: [], padding: 0, message: 'more than 10000 pages', pages: 10_001 },
    { name: 'full pages', items: names, padding: 0, message: 'more than 1000000 objects', pages: 2_000 },
    {
      name: 'long pages',
      items: [],
      padding: 8 * megabyte,
      message: 'more than 2147483648 characters',
      pages: 256,
    },
  ];
  for (const { name, items, padding, message, pages } of rows) {
    it(`ever new ${name}: the list starts again after ${pages}, and the store keeps what it had`, async function () {
      this.timeout(60_000);
      const commits: ReadonlyMap<string, string>[] = [];
      const store = createStore(commits);
      const spaces = ' '.repeat(padding);
      let pageCount = 0;
      let round = 0;
      const bodyOf = (metadata: object, content: readonly object[]): string =>
        JSON.stringify({ kind: 'List', metadata, items: content }) + spaces;
      const api: Pick<Transport, 'get' | 'stream'> = {
        async get(page) {
          if (!page.includes('continue=')) round += 1;
          // The first list is as it should be, the second has no end, and the third is a good one again.
          if (round !== 2)
            return { status: 200, headers: {}, body: bodyOf({ resourceVersion: '1' }, [names[round] ?? {}]) };
          pageCount += 1;
          assert.equal(store.entries().size, 1);
          return {
            status: 200,
            headers: {},
            body: bodyOf({ resourceVersion: '1', continue: String(pageCount) }, items),
          };
        },
        async stream(_, { signal }) {
          const ended = signal ?? assert.fail('no signal');
          return { status: 200, headers: {}, chunks: watchUntil(ended, round === 1) };
        },
      };
      const reflected = startReflected(scope, connectionTo('http://127.0.0.1:9'), { api, store });
      // Also where the list does not end.
      const isOver = (): boolean => commits.length === 2 || pageCount > pages;
      while (!isOver()) await new Promise(setImmediate);
      assert.equal(pageCount, pages);
      assert.deepEqual(reflected.told.relists, ['watch_expired', 'list_endless']);
      assert.equal(reflected.told.errors.at(-1), `Expected ${path} to end, got ${message}`);
      assert.deepEqual(
        commits.map((commit) => [...commit.keys()]),
        [['account-1'], ['account-3']],
      );
    });
  }
});
