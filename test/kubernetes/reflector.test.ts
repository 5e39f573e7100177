import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { createBearerTokenFile } from '../../src/kubernetes/bearer-token.ts';
import type { RelistReason } from '../../src/kubernetes/reflection.ts';
import type { ReflectorOptions } from '../../src/kubernetes/reflector.ts';
import { createPair } from './certificates.ts';
import { eventually } from './eventually.ts';
import {
  endAtOnce,
  errorEvent,
  type FakeWatchServer,
  hang,
  refuse,
  resetAtOnce,
  startFakeWatchServer,
} from './fake-watch-server.ts';
import {
  connectionTo,
  createStore,
  inStep,
  type Reflected,
  refuseBad,
  requestsOf,
  seeChanges,
  startReflected,
  startWatched,
} from './reflected.ts';
import { type Scope, useScope } from './scope.ts';

/** A watch event as the API server writes it, with an annotation of this length. */
const longEvent = (key: string, version: number, length: number) => {
  const [namespace, name] = key.split('/');
  const metadata = {
    name,
    namespace,
    resourceVersion: String(version),
    annotations: { value: 'x'.repeat(length) },
  };
  return `${JSON.stringify({ type: 'MODIFIED', object: { kind: 'ServiceAccount', apiVersion: 'v1', metadata } })}\n`;
};

/** A watch whose first line is bad. */
const poison: RequestListener = (_, response) => {
  response.writeHead(200);
  response.write('{"type":\n');
  response.write('{"type":"ADDED","object":{"metadata":{"name":"d","namespace":"shop","resourceVersion":"104"}}}\n');
};

const timerCount = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

const never = new Promise<string>(() => undefined);

function throwAlways(): never {
  throw new Error('nobody listens');
}

/** A reflector whose credential is a file, and that file's clock. */
async function startWithTokenFile(scope: Scope, token: string | undefined) {
  const file = join(await scope.folder(), 'token');
  if (token !== undefined) await writeFile(file, token);
  let nowMs = 0;
  const reader = createBearerTokenFile(file, () => nowMs, 'nobody can help');
  const server = await startFakeWatchServer(scope);
  const credential = { authorization: () => reader.authorization(), refused: () => reader.expire() };
  const reflected = startReflected(scope, connectionTo(server.url, credential));
  return { file, server, reflected, passMs: (ms: number) => (nowMs += ms) };
}

describe('kubernetes/reflector', () => {
  const scope = useScope();

  const startWatching = (changed: Partial<ReflectorOptions<string>> = {}) => startWatched(scope, changed);

  describe('without faults', () => {
    it('lists, tells that it is synced, and follows what changes', async () => {
      const { server, reflected } = await startWatching();
      await inStep(server, reflected);
      assert.equal(reflected.told.syncedCount, 1);
      await seeChanges(server, reflected);
      assert.deepEqual(reflected.told, {
        syncedCount: 1,
        events: ['change', 'change', 'change', 'change'],
        relists: [],
        errors: [],
        connected: [true],
      });
      assert.deepEqual(reflected.delays, []);
    });

    it('asks as client-go does: pages of 500 of now, and a watch with bookmarks of 5 to 10 minutes', async () => {
      const selector = { labelSelector: 'team=shop,tier!=web', fieldSelector: 'metadata.name=a b' };
      const { server } = await startWatching({ selector, random: () => 0.999 });
      const [list, watch] = server.requests.map(({ query }) => Object.fromEntries(query));
      assert.deepEqual(list, { ...selector, limit: '500' });
      const rest = { watch: 'true', resourceVersion: '103', allowWatchBookmarks: 'true', timeoutSeconds: '599' };
      assert.deepEqual(watch, { ...selector, ...rest });
    });

    it('asks for 5 minutes at the least', async () => {
      const { server } = await startWatching({ random: () => 0 });
      assert.equal(requestsOf(server, 'watch')[0]?.query.get('timeoutSeconds'), '300');
    });

    it('lists 1,200 objects in pages of 500, and shows none before it has them all', async () => {
      const server = await startFakeWatchServer(scope);
      for (let index = 0; index < 1_200; index += 1) server.put(`shop/account-${index}`, String(index));
      const reflected = startReflected(scope, connectionTo(server.url));
      await eventually('the watch', () => server.watches.size === 1);
      assert.deepEqual(
        requestsOf(server, 'list').map(({ query }) => [query.get('limit'), query.get('continue')]),
        [
          ['500', null],
          ['500', '1300:500'],
          ['500', '1300:1000'],
        ],
      );
      assert.deepEqual(
        reflected.commits.map((commit) => commit.size),
        [1_200],
      );
      await inStep(server, reflected);
    });

    it('is synced with an empty collection', async () => {
      const server = await startFakeWatchServer(scope);
      const reflected = startReflected(scope, connectionTo(server.url));
      await eventually('the watch', () => server.watches.size === 1);
      assert.equal(reflected.told.syncedCount, 1);
      await seeChanges(server, reflected);
    });

    it('takes its position from bookmarks', async () => {
      const { server, reflected } = await startWatching();
      server.bookmark();
      await eventually('the bookmark', () => reflected.told.events.includes('bookmark'));
      server.endWatches();
      await eventually('the next watch', () => requestsOf(server, 'watch').length === 2);
      assert.equal(requestsOf(server, 'watch')[1]?.query.get('resourceVersion'), '113');
      await seeChanges(server, reflected);
      assert.deepEqual(reflected.told.errors, []);
    });

    it('opens the next watch within the first delay when one ends in due time, however often', async () => {
      const { server, reflected } = await startWatching();
      for (let count = 2; count < 8; count += 1) {
        reflected.passMs(60_000);
        server.endWatches();
        await eventually('the next watch', () => reflected.told.connected.length === 2 * count - 1);
      }
      assert.deepEqual(reflected.delays, [400, 400, 400, 400, 400, 400]);
      assert.deepEqual(reflected.told.errors, []);
      assert.equal(requestsOf(server, 'list').length, 1);
      // The connection of a watch that ended well serves the next one.
      assert.equal(server.connectionCount(), 2);
    });

    it('works over TLS', async () => {
      const server = await startFakeWatchServer(scope, await createPair(['127.0.0.1']));
      const tls = { rejectUnauthorized: false };
      const reflected = startReflected(scope, connectionTo(server.url, { tls: () => tls }));
      await eventually('the watch', () => server.watches.size === 1);
      server.resetWatches();
      await seeChanges(server, reflected);
      assert.equal(requestsOf(server, 'list').length, 1);
    });
  });

  describe('survives, without a list,', () => {
    const rows: readonly {
      readonly name: string;
      readonly happen: (server: FakeWatchServer, reflected: Reflected) => unknown;
      readonly errors: readonly RegExp[];
      /** The first of them; each is half of the backoff's ceiling. */
      readonly delays: readonly number[];
      readonly options?: Partial<ReflectorOptions<string>>;
    }[] = [
      {
        name: 'a watch that is reset',
        happen: (server) => server.resetWatches(),
        errors: [/^Expected an answer from http:\S+\/api\/v1\/serviceaccounts, got .*(ECONNRESET|aborted)/],
        delays: [400],
      },
      {
        name: 'a watch that ends in the middle of a chunk',
        happen: (server) => server.watches.forEach(({ socket }) => socket?.end('ff\r\n{"type":')),
        errors: [/got .*/],
        delays: [400],
      },
      {
        name: 'watches that are reset before their headers',
        happen(server) {
          server.next('watch', resetAtOnce, resetAtOnce, resetAtOnce);
          server.resetWatches();
        },
        errors: [/ECONNRESET/, /ECONNRESET/, /ECONNRESET/, /ECONNRESET/],
        delays: [400, 800, 1_600, 3_200],
      },
      {
        name: 'a storm of watches that end at once',
        happen(server) {
          server.next('watch', ...Array.from({ length: 8 }, () => endAtOnce));
          server.endWatches();
        },
        errors: Array.from(
          { length: 9 },
          () => /^Expected a watch of \S+ for at least 1000 ms, got its end before any/,
        ),
        delays: [400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000, 15_000],
      },
      {
        name: 'an API server that is gone for a while',
        async happen(server, { told }) {
          await server.stop();
          await eventually('four errors', () => told.errors.length > 4);
          server.put('shop/meanwhile', 'changed');
          server.remove('shop/c');
          await server.start();
        },
        errors: [/got/, /ECONNREFUSED/, /ECONNREFUSED/, /ECONNREFUSED/],
        delays: [400, 800, 1_600, 3_200],
      },
      {
        name: 'an ERROR event of 500',
        happen: (server) => server.write(errorEvent(500, 'InternalError')),
        errors: [/^Expected a watch of \/api\/v1\/serviceaccounts, got 500: because of InternalError$/],
        delays: [400],
      },
      {
        name: 'an ERROR event that says when to come again',
        happen: (server) => server.write(errorEvent(429, 'TooManyRequests', { retryAfterSeconds: 3 })),
        errors: [/got 429: because of TooManyRequests$/],
        delays: [3_400],
      },
      {
        name: 'an ERROR event that is nothing else',
        happen: (server) => server.write('{"type":"ERROR","object":{}}\n'),
        errors: [/got 0: no message that could be read$/],
        delays: [400],
      },
      {
        name: 'watches answered with 503, 429 and Retry-After, 403, 404, and 500 in HTML',
        happen(server) {
          server.next(
            'watch',
            refuse(503, 'ServiceUnavailable'),
            refuse(429, 'TooManyRequests', { 'retry-after': '7' }),
            refuse(403, 'Forbidden', { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }),
            refuse(404, 'NotFound', { 'retry-after': '86400' }),
            (_, response) => response.writeHead(500).end('<html>'),
          );
          server.resetWatches();
        },
        errors: [/./, /503: because of ServiceU/, /429: because/, /403: because/, /404/, /500: no message that/],
        delays: [400, 800, 8_600, 3_200, 126_400, 12_800],
      },
      {
        name: 'a watch whose headers never come',
        happen(server) {
          server.next('watch', hang);
          server.resetWatches();
        },
        errors: [/./, /^Expected an answer from \S+ within 100 ms, got none$/],
        delays: [400, 800],
        options: { openTimeoutMs: 100 },
      },
      {
        name: 'a line that is not JSON',
        happen: (server) => server.write('{"type":"ADDED","object"\n'),
        errors: [/^In a watch of \/api\/v1\/serviceaccounts: Expected JSON in each line, got one of 24 char/],
        delays: [400],
      },
      {
        name: 'lines that are no events',
        happen(server) {
          server.next('watch', (_, response) => response.write('[]\n'));
          server.write('42\n');
        },
        errors: [/got a line without one$/, /got a line without one; it came a second time and is passed over$/, /./],
        delays: [400],
        options: { stallTimeoutMs: 150 },
      },
      {
        name: 'an API server that does not tell its version at once',
        happen(server) {
          server.next('check', refuse(403, 'Forbidden'));
          server.resetWatches();
        },
        errors: [],
        delays: [400],
      },
      {
        name: 'an API server that is silent, which it leaves for a new connection',
        async happen(server, { told }) {
          server.next('watch', (_, response) => response.flushHeaders());
          const connectionCount = server.connectionCount();
          await eventually('two stalls', () => told.errors.length === 2);
          assert.ok(server.connectionCount() >= connectionCount + 1);
        },
        errors: [/^Expected an event or a bookmark of \S+ within 100 ms, got none$/, /within 100 ms, got none$/],
        delays: [400, 800],
        options: { stallTimeoutMs: 100 },
      },
    ];
    for (const { name, happen, errors, delays, options } of rows) {
      it(name, async () => {
        const { server, reflected } = await startWatching(options);
        await happen(server, reflected);
        await eventually('the errors', () => reflected.told.errors.length >= errors.length);
        await seeChanges(server, reflected);
        errors.forEach((error, index) => assert.match(reflected.told.errors[index] ?? '', error));
        assert.deepEqual(reflected.delays.slice(0, delays.length), delays);
        assert.equal(requestsOf(server, 'list').length, 1);
        assert.deepEqual(reflected.told.relists, []);
        assert.equal(reflected.commits.length, 1);
        for (const { query } of requestsOf(server, 'watch')) assert.notEqual(query.get('resourceVersion'), null);
      });
    }

    it('a reset, and goes on from the last event, not from the list', async () => {
      const { server, reflected } = await startWatching();
      await seeChanges(server, reflected);
      server.resetWatches();
      await eventually('the next watch', () => requestsOf(server, 'watch').length === 2);
      assert.equal(requestsOf(server, 'watch')[1]?.query.get('resourceVersion'), '107');
      await eventually('the words', () => reflected.told.connected.length === 3);
      assert.deepEqual(reflected.told.connected, [true, false, true]);
    });

    it('a bad line: what came before it counts, what came behind it comes again', async () => {
      const { server, reflected } = await startWatching();
      server.put('shop/before', 'x');
      server.write('{"type":\n');
      server.put('shop/behind', 'y');
      await inStep(server, reflected);
      assert.equal(requestsOf(server, 'watch')[1]?.query.get('resourceVersion'), '104');
    });

    it('a bad line that comes again and again: the second time it is passed over', async () => {
      const { server, reflected } = await startWatching();
      server.next('watch', poison, poison, poison);
      server.endWatches();
      await eventually('what is behind it', () => reflected.entries().has('shop/d'));
      assert.equal(requestsOf(server, 'watch').length, 3);
      assert.match(reflected.told.errors[2] ?? '', /it came a second time and is passed over$/);
    });

    it('bookmarks and events keep a watch from stalling, an endless line does not', async () => {
      const { server, reflected } = await startWatching({ stallTimeoutMs: 300 });
      const writing = setInterval(() => server.bookmark(), 20);
      scope.onEnd(() => clearInterval(writing));
      await eventually('bookmarks for longer than the limit', () => reflected.told.events.length > 20);
      assert.deepEqual(reflected.told.errors, []);
      clearInterval(writing);
      const dripping = setInterval(() => server.write('x'), 20);
      scope.onEnd(() => clearInterval(dripping));
      await eventually('the stall', () => reflected.told.errors.length > 0);
      clearInterval(dripping);
      assert.match(reflected.told.errors.join(), /within 300 ms, got none/);
    });

    it('a line of 10 MB: its object alone is forgotten, on the same watch', async () => {
      const { server, reflected } = await startWatching();
      server.write(longEvent('shop/b', 104, 10_000_000));
      server.put('shop/c', 'changed');
      await eventually('what is behind it', () => reflected.entries().get('shop/c') === 'changed');
      assert.equal(reflected.entries().has('shop/b'), false);
      assert.equal(reflected.entries().get('shop/a'), 'role-a');
      assert.deepEqual(reflected.told.errors, [
        'In a watch of /api/v1/serviceaccounts: Expected lines of at most 4194304 characters, got a longer one: of shop/b',
      ]);
      assert.equal(requestsOf(server, 'watch').length, 1);
    });

    it('a line of 10 MB that does not say whose it is', async () => {
      const { server, reflected } = await startWatching();
      server.write(`{"object":{"x":"${'x'.repeat(10_000_000)}"}}\n`);
      await seeChanges(server, reflected);
      assert.match(reflected.told.errors[0] ?? '', /of an object whose name cannot be told$/);
      assert.equal(requestsOf(server, 'watch').length, 1);
    });

    it('an object with an annotation of 1 MB', async () => {
      const { server, reflected } = await startWatching();
      server.put('shop/big', 'x'.repeat(1_000_000));
      await inStep(server, reflected);
      assert.deepEqual(reflected.told.errors, []);
    });

    const odd: readonly (readonly [name: string, line: string, error: RegExp])[] = [
      ['without metadata', '{"type":"ADDED","object":{}}', /an event ADDED of an object without metadata\.name$/],
      ['without a name', '{"type":"DELETED","object":{"metadata":{}}}', /an event DELETED of an object without/],
      ['of a type that nobody knows', '{"type":"MOVED","object":{"metadata":{"name":"a"}}}', /event of type MOVED$/],
    ];
    for (const [name, line, error] of odd) {
      it(`an event ${name}: passed over on the same watch`, async () => {
        const { server, reflected } = await startWatching();
        server.write(`${line}\n`);
        await seeChanges(server, reflected);
        assert.equal(reflected.told.errors.length, 1);
        assert.match(reflected.told.errors[0] ?? '', error);
        assert.equal(requestsOf(server, 'watch').length, 1);
      });
    }

    it('a projection that throws: the object is forgotten, and the watch goes on behind it', async () => {
      const { server, reflected } = await startWatching({ project: refuseBad });
      server.put('shop/a', 'bad');
      server.put('shop/b', 'good');
      await eventually('what is behind it', () => reflected.entries().get('shop/b') === 'good');
      assert.equal(reflected.entries().has('shop/a'), false);
      assert.match(reflected.told.errors[0] ?? '', /shop\/a is left out: it cannot be read: no such role$/);
      server.resetWatches();
      await eventually('the next watch', () => requestsOf(server, 'watch').length === 2);
      assert.equal(requestsOf(server, 'watch')[1]?.query.get('resourceVersion'), '105');
    });
  });

  describe('lists again', () => {
    const rows: readonly {
      readonly name: string;
      readonly happen: (server: FakeWatchServer) => unknown;
      readonly relists: readonly RelistReason[];
      readonly delays: readonly number[];
    }[] = [
      {
        name: 'after an ERROR event of 410',
        happen: (server) => server.write(errorEvent(410, 'Expired')),
        relists: ['watch_expired'],
        delays: [400],
      },
      {
        name: 'after an ERROR event that says Expired with another code',
        happen: (server) => server.write(errorEvent(500, 'Expired')),
        relists: ['watch_expired'],
        delays: [400],
      },
      {
        name: 'when a watch is answered with 410',
        happen(server) {
          server.next('watch', refuse(410, 'Expired'));
          server.resetWatches();
        },
        relists: ['watch_expired'],
        delays: [400, 800],
      },
      {
        name: 'when a watch is answered with 410 by somebody who says no more',
        happen(server) {
          server.next('watch', (_, response) => response.writeHead(410).end('gone'));
          server.resetWatches();
        },
        relists: ['watch_expired'],
        delays: [400, 800],
      },
      {
        name: 'when the events behind its position are gone (as a status)',
        happen(server) {
          server.compact('status');
          server.resetWatches();
        },
        relists: ['watch_expired'],
        delays: [400, 800],
      },
      {
        name: 'when the events behind its position are gone (as an event)',
        happen(server) {
          server.compact('event');
          server.resetWatches();
        },
        relists: ['watch_expired'],
        delays: [400, 800],
      },
      {
        name: 'when the API server has gone back behind its version, and then follows the lower ones',
        happen(server) {
          server.empty();
          server.put('shop/a', 'second life');
          server.resetWatches();
        },
        relists: ['version_went_back'],
        delays: [400, 800],
      },
      {
        name: 'when it has gone back, though it could not say so at first',
        happen(server) {
          server.empty();
          // Rights are made anew as well, a moment after it answers.
          server.next(
            'check',
            refuse(503, 'ServiceUnavailable'),
            refuse(429, 'TooManyRequests'),
            refuse(403, 'Forbidden'),
          );
          server.resetWatches();
        },
        relists: ['version_went_back'],
        delays: [400, 800, 1_600, 3_200, 6_400],
      },
      {
        name: 'once for each 410, with a growing delay between them',
        happen(server) {
          server.next('watch', refuse(410, 'Gone'), refuse(410, 'Gone'), refuse(410, 'Gone'), refuse(410, 'Gone'));
          server.resetWatches();
        },
        relists: ['watch_expired', 'watch_expired', 'watch_expired', 'watch_expired'],
        delays: [400, 800, 1_600, 3_200, 6_400],
      },
    ];
    for (const { name, happen, relists, delays } of rows) {
      it(name, async () => {
        const { server, reflected } = await startWatching();
        server.unseen(() => {
          server.put('shop/meanwhile', 'changed');
          server.remove('shop/c');
        });
        await happen(server);
        await eventually('the lists', () => requestsOf(server, 'list').length === relists.length + 1);
        await inStep(server, reflected);
        await seeChanges(server, reflected);
        assert.deepEqual(reflected.told.relists, relists);
        assert.deepEqual(reflected.delays, delays);
        assert.equal(reflected.commits.length, relists.length + 1);
        assert.equal(reflected.told.syncedCount, 1);
      });
    }

    it('and shows the old state until the new one is whole; what happens meanwhile comes with the watch', async () => {
      const { server, reflected } = await startWatching();
      for (let index = 0; index < 600; index += 1) server.put(`shop/account-${index}`, 'old');
      await inStep(server, reflected);
      let answerSecondPage: (() => void) | undefined;
      server.unseen(() => {
        server.remove('shop/a');
        server.put('shop/b', 'changed');
      });
      // The second page waits: the list is whole only after what happens in between.
      server.next('list', server.answer, (request, response) => {
        answerSecondPage = () => server.answer(request, response);
      });
      server.write(errorEvent(410, 'Expired'));
      await eventually('the second page', () => answerSecondPage !== undefined);
      server.put('shop/account-0', 'meanwhile');
      server.remove('shop/account-599');
      assert.equal(reflected.entries().get('shop/a'), 'role-a');
      assert.equal(reflected.entries().get('shop/b'), 'role-b');
      answerSecondPage?.();
      await inStep(server, reflected);
      const relisted = reflected.commits[1];
      assert.deepEqual([relisted?.get('shop/account-0'), relisted?.has('shop/a')], ['old', false]);
    });
  });

  describe('a token file', () => {
    it('that comes late is waited for', async () => {
      const { file, server, reflected } = await startWithTokenFile(scope, undefined);
      await eventually('three errors', () => reflected.told.errors.length > 3);
      assert.match(reflected.told.errors[0] ?? '', /^Expected a token in \S+, got no such file/);
      assert.equal(server.requests.length, 0);
      await writeFile(file, 'late');
      await eventually('the watch', () => server.watches.size === 1);
      await seeChanges(server, reflected);
    });

    it('that is gone for a while does not matter, and the next token is used', async () => {
      const { file, server, reflected, passMs } = await startWithTokenFile(scope, 'first');
      await eventually('the watch', () => server.watches.size === 1);
      await rm(file);
      passMs(60_000);
      server.endWatches();
      await seeChanges(server, reflected);
      await writeFile(file, 'second');
      passMs(60_000);
      server.endWatches();
      await eventually('the third watch', () => requestsOf(server, 'watch').length === 3);
      const seen = server.requests.map(({ authorization }) => authorization);
      // A list and a watch, and twice a look at the version and a watch.
      assert.deepEqual(seen, [...Array<string>(4).fill('Bearer first'), 'Bearer second', 'Bearer second']);
    });

    it('that is replaced early is read again after a 401', async () => {
      const { file, server, reflected } = await startWithTokenFile(scope, 'first');
      await eventually('the watch', () => server.watches.size === 1);
      await writeFile(file, 'second');
      server.next('watch', refuse(401, 'Unauthorized'));
      server.put('shop/a', 'x');
      await inStep(server, reflected);
      server.endWatches();
      await seeChanges(server, reflected);
      assert.deepEqual(reflected.told.errors, []);
      assert.equal(server.requests.at(-1)?.authorization, 'Bearer second');
    });
  });

  describe('faults of ours', () => {
    for (const method of ['set', 'delete', 'begin', 'add', 'commit'] as const) {
      it(`a store whose ${method}() throws once gets everything anew`, async () => {
        const store = createStore();
        let isDue = !['set', 'delete'].includes(method);
        const fail = () => {
          if (!isDue) return;
          isDue = false;
          throw new Error('out of order');
        };
        const failing = {
          begin() {
            if (method === 'begin') fail();
            const generation = store.begin();
            return {
              add(...item: Parameters<typeof generation.add>) {
                if (method === 'add') fail();
                generation.add(...item);
              },
              commit() {
                if (method === 'commit') fail();
                generation.commit();
              },
            };
          },
          set(...item: Parameters<typeof store.set>) {
            if (method === 'set') fail();
            store.set(...item);
          },
          delete(...item: Parameters<typeof store.delete>) {
            if (method === 'delete') fail();
            store.delete(...item);
          },
        };
        const started = await startWatching({ store: failing });
        const reflected = { ...started.reflected, entries: store.entries };
        isDue = ['set', 'delete'].includes(method);
        await seeChanges(started.server, reflected);
        assert.deepEqual(reflected.told.relists, ['store_failed']);
        assert.match(reflected.told.errors[0] ?? '', /^Expected the store of \S+ to take .*, got: out of order$/);
        assert.equal(reflected.told.syncedCount, 1);
      });
    }

    it('an observer that always throws keeps nothing from the store', async () => {
      const observer = {
        onSynced: throwAlways,
        onEvent: throwAlways,
        onRelist: throwAlways,
        onError: throwAlways,
        onConnected: () => undefined,
      };
      const { server, reflected } = await startWatching({ observer });
      await seeChanges(server, reflected);
    });
  });

  describe('stop()', () => {
    const stages: readonly {
      readonly name: string;
      /** Brings the reflector to where it is to be stopped. */
      readonly reach: (server: FakeWatchServer) => Promise<Reflected>;
    }[] = [
      { name: 'at once', reach: async (server) => startReflected(scope, connectionTo(server.url)) },
      {
        name: 'while it waits for a page',
        async reach(server) {
          server.next('list', hang);
          const reflected = startReflected(scope, connectionTo(server.url));
          await eventually('the list', () => server.requests.length === 1);
          return reflected;
        },
      },
      {
        name: 'while it waits after a fault',
        async reach(server) {
          server.next('list', refuse(500, 'InternalError'));
          let isWaiting = false;
          const wait = (_: number, signal: AbortSignal) =>
            new Promise<void>((resolve) => {
              isWaiting = true;
              signal.addEventListener('abort', () => resolve());
            });
          const reflected = startReflected(scope, connectionTo(server.url), { wait });
          await eventually('the wait', () => isWaiting);
          return reflected;
        },
      },
      {
        name: 'while it waits for a credential',
        async reach(server) {
          return startReflected(scope, connectionTo(server.url, { authorization: () => never }));
        },
      },
      {
        name: 'while it waits for the headers of a watch',
        async reach(server) {
          server.next('watch', hang);
          const reflected = startReflected(scope, connectionTo(server.url));
          await eventually('the request', () => requestsOf(server, 'watch').length === 1);
          return reflected;
        },
      },
      {
        name: 'while it watches',
        async reach(server) {
          const reflected = startReflected(scope, connectionTo(server.url));
          await eventually('the watch', () => server.watches.size === 1);
          return reflected;
        },
      },
      {
        name: 'in the middle of a line',
        async reach(server) {
          const reflected = startReflected(scope, connectionTo(server.url));
          await eventually('the watch', () => server.watches.size === 1);
          server.write('{"type":"ADDED","object":{"metadata":{"name":"gho');
          return reflected;
        },
      },
    ];
    for (const { name, reach } of stages) {
      it(`${name} ends all there is, and nothing is heard of it again`, async () => {
        const server = await startFakeWatchServer(scope);
        server.put('shop/a', 'x');
        const reflected = await reach(server);
        const startedMs = performance.now();
        const stopped = reflected.reflector.stop();
        const before = structuredClone(reflected.told);
        server.put('shop/ghost', 'x');
        await stopped;
        assert.ok(performance.now() - startedMs < 1_000);
        await eventually('no open watch', () => server.watches.size === 0);
        const requestCount = server.requests.length;
        server.put('shop/ghost', 'y');
        await new Promise((resolve) => setTimeout(resolve, 20));
        assert.equal(server.requests.length, requestCount);
        assert.equal(reflected.entries().has('shop/ghost'), false);
        assert.deepEqual(reflected.told, before);
        await reflected.reflector.stop();
      });
    }

    it('leaves no timer behind, so that the process can end', async () => {
      const server = await startFakeWatchServer(scope);
      const before = timerCount();
      const reflected = startReflected(scope, connectionTo(server.url));
      await eventually('the watch', () => reflected.told.connected.length === 1);
      server.endWatches();
      await eventually('the next watch', () => reflected.told.connected.length === 3);
      assert.ok(timerCount() > before);
      await reflected.reflector.stop();
      await eventually('no timer', () => timerCount() <= before);
    });

    it('from within an observer: not even the next line of the same piece is taken', async () => {
      const stops: Promise<void>[] = [];
      const { server, reflected } = await startWatching({
        observer: {
          onSynced: () => undefined,
          onEvent: () => stops.push(reflected.reflector.stop()),
          onRelist: () => undefined,
          onError: () => undefined,
          onConnected: () => undefined,
        },
      });
      server.write(longEvent('shop/one', 104, 1) + longEvent('shop/two', 105, 1));
      await eventually('the first event', () => stops.length > 0);
      await Promise.all(stops);
      assert.equal(stops.length, 1);
      assert.deepEqual([...reflected.entries().keys()], ['shop/a', 'shop/b', 'shop/c', 'shop/one']);
    });
  });
});
