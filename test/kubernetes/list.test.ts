import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import type { RelistReason } from '../../src/kubernetes/reflection.ts';
import type { ReflectorOptions } from '../../src/kubernetes/reflector.ts';
import { eventually } from './eventually.ts';
import { hang, refuse, resetAtOnce, startFakeWatchServer } from './fake-watch-server.ts';
import { connectionTo, inStep, refuseBad, requestsOf, startReflected } from './reflected.ts';
import { useScope } from './scope.ts';

const tooLarge: RequestListener = (_, response) => response.end(Buffer.alloc(9_000_000, ' '));

const million = 'x'.repeat(1_000_000);

/** A page that names itself as the next one. */
const endless: RequestListener = (_, response) =>
  response.end('{"kind":"List","metadata":{"resourceVersion":"9","continue":"on"},"items":[]}');

/** A page that goes on, a space at a time, for as long as anybody reads it. */
const drip: RequestListener = (_, response) => {
  response.write('{"kind":"List"');
  const dripping = setInterval(() => response.write(' '), 5);
  response.on('close', () => clearInterval(dripping));
};

/** A page of four things that nobody can name. */
const nameless: RequestListener = (_, response) =>
  response.end(
    '{"metadata":{"resourceVersion":"1300","continue":"1300:0"},"items":[{},null,{"metadata":{"name":7}},{"metadata":{"name":""}}]}',
  );

describe('kubernetes/list', () => {
  const scope = useScope();
  const first = null;
  const [second, third] = ['1300:500', '1300:1000'];
  const rows: readonly {
    readonly name: string;
    /** What the first requests meet; `pass` is a page as it should be. */
    readonly faults: (pass: RequestListener) => readonly RequestListener[];
    readonly errors: readonly RegExp[];
    readonly delays: readonly number[];
    readonly relists?: readonly RelistReason[];
    /** The continue token of each page that was asked for. */
    readonly tokens: readonly (string | null)[];
    readonly options?: Partial<ReflectorOptions<string>>;
  }[] = [
    {
      name: 'answered with 500, 429 and 403 is tried again',
      faults: () => [
        refuse(500, 'InternalError'),
        refuse(429, 'TooManyRequests', { 'retry-after': '2' }),
        refuse(403, 'Forbidden'),
      ],
      errors: [/^Expected a list from \S+, got 500: because of InternalError$/, /429/, /403/],
      delays: [400, 2_800, 1_600],
      tokens: [first, first, first, first, second, third],
    },
    {
      name: 'answered with 410 on its first page is tried again',
      faults: () => [refuse(410, 'Expired')],
      errors: [/410/],
      delays: [400],
      tokens: [first, first, second, third],
    },
    {
      name: 'that is reset is tried again',
      faults: () => [resetAtOnce],
      errors: [/ECONNRESET/],
      delays: [400],
      tokens: [first, first, second, third],
    },
    {
      name: 'that hangs is given up in time and tried again',
      faults: () => [hang],
      errors: [/^Expected an answer from \S+ within 200 ms, got none$/],
      delays: [400],
      tokens: [first, first, second, third],
      options: { pageTimeoutMs: 200 },
    },
    {
      name: 'that drips for ever is given up in time and tried again, its second page too',
      faults: (pass) => [drip, pass, drip],
      errors: [/^Expected an answer from \S+ within 200 ms, got none$/, /within 200 ms, got none$/],
      delays: [400, 800],
      tokens: [first, first, second, second, third],
      options: { pageTimeoutMs: 200 },
    },
    {
      name: 'that is not JSON, no list, or without a version is tried again',
      faults: () =>
        ['<html>', '{}', '{"kind":"Status","items":null}', '{"items":[]}'].map(
          (body): RequestListener =>
            (_, response) =>
              response.end(body),
        ),
      errors: [/6 characters of another kind$/, /of another kind$/, /of another kind$/, /a resourceVersion in/],
      delays: [400, 800, 1_600, 3_200],
      tokens: [first, first, first, first, first, second, third],
    },
    {
      name: 'whose second page fails goes on with that page',
      faults: (pass) => [pass, refuse(500, 'InternalError'), hang, resetAtOnce, refuse(429, 'TooManyRequests')],
      errors: [/500/, /within 200 ms/, /ECONNRESET/, /429/],
      delays: [400, 800, 1_600, 3_200],
      tokens: [first, second, second, second, second, second, third],
      options: { pageTimeoutMs: 200 },
    },
    {
      name: 'whose continue token has expired starts again',
      faults: (pass) => [pass, pass, refuse(410, 'Expired')],
      errors: [/got 410: because of Expired$/],
      delays: [400],
      relists: ['continue_expired'],
      tokens: [first, second, third, first, second, third],
    },
    {
      name: 'whose continue token is refused starts again',
      faults: (pass) => [pass, refuse(400, 'BadRequest')],
      errors: [/got 400: because of BadRequest$/],
      delays: [400],
      relists: ['continue_refused'],
      tokens: [first, second, first, second, third],
    },
    {
      name: 'that repeats a page for ever starts again',
      faults: (pass) => [pass, endless, endless],
      errors: [/^Expected \S+ to end, got a page that was there before$/],
      delays: [400],
      relists: ['list_endless'],
      tokens: [first, second, 'on', first, second, third],
    },
    {
      name: 'with a page over 8 MiB asks for half as many, and for more again after that',
      faults: (pass) => [tooLarge, tooLarge, pass],
      errors: [],
      delays: [],
      tokens: [first, first, first, '1300:125', '1300:375', '1300:875'],
    },
    {
      name: 'with objects without names, and what is no object, keeps the others',
      faults: () => [nameless],
      errors: [/^4 of 4 objects on a page of \S+ are left out: one has no metadata\.name$/],
      delays: [],
      tokens: [first, '1300:0', second, third],
    },
  ];
  for (const { name, faults, errors, delays, relists = [], tokens, options } of rows) {
    it(name, async () => {
      const server = await startFakeWatchServer(scope);
      for (let index = 0; index < 1_200; index += 1) server.put(`shop/account-${index}`, String(index));
      server.next('list', ...faults(server.answer));
      const reflected = startReflected(scope, connectionTo(server.url), options);
      await eventually('the watch', () => server.watches.size === 1);
      await inStep(server, reflected);
      errors.forEach((error, index) => assert.match(reflected.told.errors[index] ?? '', error));
      assert.equal(reflected.told.errors.length, errors.length);
      assert.deepEqual(reflected.delays, delays);
      assert.deepEqual(reflected.told.relists, relists);
      const asked = requestsOf(server, 'list').map(({ query }) => query.get('continue'));
      assert.deepEqual(asked, tokens);
      assert.equal(reflected.told.syncedCount, 1);
      assert.equal(reflected.commits.length, 1);
    });
  }

  it('takes a page of one object of up to 16 MiB, so that no object can keep it from its end', async () => {
    const server = await startFakeWatchServer(scope);
    for (const name of ['a', 'b', 'c']) server.put(`shop/${name}`, 'x'.repeat(name === 'b' ? 9_000_000 : 1));
    const reflected = startReflected(scope, connectionTo(server.url));
    await eventually('the watch', () => server.watches.size === 1);
    await inStep(server, reflected);
    const limits = server.requests.filter(({ kind }) => kind !== 'watch').map(({ query }) => query.get('limit'));
    assert.deepEqual(limits, ['500', '250', '125', '62', '31', '15', '7', '3', '1', '2', '1', '2']);
    assert.deepEqual(reflected.told.errors, []);
  });

  it('takes annotations of 1 MB, a dozen to a page, and loses nothing', async () => {
    const server = await startFakeWatchServer(scope);
    for (let index = 0; index < 60; index += 1) server.put(`shop/account-${index}`, index % 5 === 0 ? million : 'x');
    const reflected = startReflected(scope, connectionTo(server.url));
    await eventually('the watch', () => server.watches.size === 1);
    await inStep(server, reflected);
    assert.deepEqual(reflected.told.errors, []);
    assert.deepEqual(reflected.told.relists, []);
  });

  it('with an object of more than that is tried again later', async () => {
    const server = await startFakeWatchServer(scope);
    server.put('shop/a', 'x'.repeat(17_000_000));
    const reflected = startReflected(scope, connectionTo(server.url));
    await eventually('the error', () => reflected.told.errors.length > 0);
    assert.match(reflected.told.errors[0] ?? '', /at most 16777216 bytes/);
    server.put('shop/a', 'x');
    await inStep(server, reflected);
  });

  it('with a projection that throws keeps the others', async () => {
    const server = await startFakeWatchServer(scope);
    server.put('shop/a', 'bad');
    server.put('shop/b', 'good');
    const reflected = startReflected(scope, connectionTo(server.url), { project: refuseBad });
    await eventually('the watch', () => server.watches.size === 1);
    assert.deepEqual([...reflected.entries()], [['shop/b', 'good']]);
    assert.deepEqual(reflected.told.errors, [
      '1 of 2 objects on a page of /api/v1/serviceaccounts are left out: shop/a: it cannot be read: no such role',
    ]);
  });

  it('of an API server that is not there yet is tried until it comes', async () => {
    const server = await startFakeWatchServer(scope);
    server.put('shop/a', 'x');
    await server.stop();
    const reflected = startReflected(scope, connectionTo(server.url));
    await eventually('three errors', () => reflected.told.errors.length > 3);
    assert.equal(reflected.told.syncedCount, 0);
    await server.start();
    await inStep(server, reflected);
    assert.match(reflected.told.errors[0] ?? '', /ECONNREFUSED/);
    assert.deepEqual(reflected.delays.slice(0, 4), [400, 800, 1_600, 3_200]);
  });
});
