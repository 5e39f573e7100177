// What no API server should send: a clear line in the log, and nothing else is lost.
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { identity } from '../admission/reviews.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { errorEvent, type FakeWatchServer } from '../kubernetes/fake-watch-server.ts';
import { endlessBody } from '../kubernetes/endless-body.ts';
import { useScope } from '../kubernetes/scope.ts';
import { faultMessage, startFollowed } from './followed.ts';

const million = 'x'.repeat(1_000_000);

/** A line of a watch about shop/big. */
const event = (metadata: object): string => `${JSON.stringify({ type: 'ADDED', object: { metadata } })}\n`;

/** A list of shop/a and of one more thing. */
const listWith =
  (item: unknown): RequestListener =>
  (_, response) => {
    const kept = { metadata: { namespace: 'shop', name: 'a', annotations: { value: 'role-a' } } };
    response.end(JSON.stringify({ kind: 'List', metadata: { resourceVersion: '101' }, items: [item, kept] }));
  };

const repeated: RequestListener = (_, response) => {
  response.end('{"kind":"List","metadata":{"resourceVersion":"9","continue":"on"},"items":[]}');
};

/** Makes the next list meet these, and lets there be one. */
function relist(server: FakeWatchServer, faults: Partial<Record<'list' | 'check', readonly RequestListener[]>>): void {
  for (const kind of ['list', 'check'] as const) server.next(kind, ...(faults[kind] ?? []));
  server.write(errorEvent(410, 'Expired'));
}

const rows: readonly {
  readonly name: string;
  readonly happen: (server: FakeWatchServer) => void;
  /** Of what is told besides the 410 of a row that lists; none where nothing is lost at all. */
  readonly errors: readonly RegExp[];
  /** The role of shop/big then; undefined where it is read live. */
  readonly big?: string;
}[] = [
  {
    name: 'an account without metadata, in a list',
    happen: (server) => relist(server, { list: [listWith({ kind: 'ServiceAccount' })] }),
    errors: [/^1 of 2 objects on a page of \/api\/v1\/serviceaccounts are left out: one has no metadata\.name$/],
  },
  {
    name: 'an account without metadata, in a watch',
    happen: (server) => server.write('{"type":"ADDED","object":{"kind":"ServiceAccount"}}\n'),
    errors: [/^In a watch of \S+: got an event ADDED of an object without metadata\.name$/],
  },
  {
    name: 'an account whose metadata is a number, in a watch',
    happen: (server) => server.write('{"type":"MODIFIED","object":{"metadata":7}}\n'),
    errors: [/^In a watch of \S+: got an event MODIFIED of an object without metadata\.name$/],
  },
  {
    name: 'an annotation of 1 MB, in a list',
    happen: (server) => {
      server.unseen(() => {
        server.put('shop/big', million);
      });
      relist(server, {});
    },
    errors: [],
    big: million,
  },
  {
    name: 'an annotation of 1 MB, in a watch',
    happen: (server) => server.put('shop/big', million),
    errors: [],
    big: million,
  },
  {
    name: 'a line of 10 MB in a watch',
    happen: (server) => {
      server.put('shop/big', 'role-before');
      server.write(event({ name: 'big', namespace: 'shop', annotations: { value: million.repeat(10) } }));
    },
    errors: [/^In a watch of \S+: Expected lines of at most 4194304 characters, got a longer one: of shop\/big$/],
  },
  {
    name: 'a page of a list that never ends',
    happen: (server) => {
      const endless = endlessBody([]);
      relist(server, { list: Array.from({ length: 8 }, () => endless), check: [endless] });
    },
    errors: [/^Expected one object of \/api\/v1\/serviceaccounts in at most 16777216 bytes, got more$/],
  },
  {
    name: 'a list whose pages never end',
    happen: (server) => relist(server, { list: [repeated, repeated] }),
    errors: [/^Expected \/api\/v1\/serviceaccounts to end, got a page that was there before$/],
  },
];

describe('commands/follow-accounts, bad input', () => {
  const scope = useScope();

  for (const { name, happen, errors, big } of rows) {
    it(`${name}: ${errors.length === 0 ? 'taken as it is' : 'one line in the log'}, and nothing else is lost`, async () => {
      const { server, accounts, lines, live, roleOf } = await startFollowed(scope, (api) => {
        api.put('shop/a', 'role-a');
      });
      await eventually('the watch', () => server.watches.size === 1);
      happen(server);
      const told = (): unknown[] =>
        lines()
          .filter(({ message, error }) => message === faultMessage && !String(error).includes('410'))
          .map(({ error }) => error);
      await eventually('the line', () => told().length >= errors.length && server.watches.size === 1);
      server.put('shop/after', 'role-after');
      await eventually('what is behind it', () => [...accounts.entries()].some(([key]) => key === 'shop/after'));
      assert.equal(told().length, errors.length, told().join('\n'));
      errors.forEach((error, index) => assert.match(String(told()[index]), error));
      assert.deepEqual([await roleOf('a'), await roleOf('after')], ['role-a', 'role-after']);
      assert.equal(live.reads, 0);
      assert.equal(accounts.notReady(), undefined);
      assert.equal(await roleOf('big'), big ?? identity.roleArn);
      assert.equal(live.reads, big === undefined ? 1 : 0);
    });
  }
});
