// What is told of the ConfigMap of roles while it is followed: metrics, log, and Events on the ConfigMap itself.
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { json } from 'node:stream/consumers';
import { followRoleMap } from '../../src/commands/role-map.ts';
import { createEventWriter } from '../../src/kubernetes/events.ts';
import { createTransport } from '../../src/kubernetes/transport.ts';
import { createLog } from '../../src/observability/log.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { asObject } from '../../src/identity/json.ts';
import { defaults } from '../admission/reviews.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { startFakeApiServer } from '../kubernetes/fake-api-server.ts';
import { errorEvent } from '../kubernetes/fake-watch-server.ts';
import { connectionTo } from '../kubernetes/reflected.ts';
import { useScope } from '../kubernetes/scope.ts';
import { keepLogLines } from '../observability/log-lines.ts';
import { parseMetrics } from '../observability/metrics-text.ts';

const good = '{"shop/cart":{"RoleARN":"arn:aws:iam::111122223333:role/cart"}}';
const bad = '{"no-slash":{}}';

const refusals = (messages: readonly unknown[]) =>
  messages.filter((message) => message === 'role map refused; the last good one stays').length;

const countsOf = (loaded: number, refused: number, isRefused: number, entries: number) => ({
  'irsa_webhook_role_map_loads_total{result="loaded"}': loaded,
  'irsa_webhook_role_map_loads_total{result="refused"}': refused,
  irsa_webhook_role_map_refused: isRefused,
  irsa_webhook_role_map_entries: entries,
});

describe('commands/role-map', () => {
  const scope = useScope();

  /** A ConfigMap that says `text`, followed; events are answered with `eventStatus`, and held back where it is 0. */
  async function start(text: string, eventStatus = 201) {
    const state = { version: 1, text, lists: 0, posts: 0 };
    const events: Record<string, unknown>[] = [];
    const held: ServerResponse[] = [];
    let watch: ServerResponse | undefined;
    const configMap = () => ({
      metadata: { name: 'pod-identity-webhook', namespace: 'eks', uid: 'u-1', resourceVersion: String(state.version) },
      data: { config: state.text },
    });
    const takeEvent = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      assert.equal(request.url, '/api/v1/namespaces/eks/events');
      events.push({ ...asObject(await json(request)) });
      if (eventStatus === 0) held.push(response);
      else response.writeHead(eventStatus).end('{"kind":"Status","message":"no rights"}');
    };
    const api = await startFakeApiServer(scope, (request, response) => {
      if (request.method === 'POST') {
        void takeEvent(request, response);
      } else if (request.url?.includes('watch=true')) {
        watch = response.writeHead(200);
        response.flushHeaders();
      } else {
        state.lists += 1;
        response.end(JSON.stringify({ metadata: { resourceVersion: String(state.version) }, items: [configMap()] }));
      }
    });
    const transport = createTransport(connectionTo(api.url), { version: '1.2.3' });
    const kept = keepLogLines();
    const metrics = createMetrics([], { processMetrics: false });
    const source = followRoleMap({
      api: transport,
      namespace: 'eks',
      defaults,
      now: () => performance.now(),
      wait: async () => setImmediate(),
      log: createLog({ verbosity: 0, destination: kept.destination }),
      metrics,
      writeEvent: createEventWriter({
        api: transport,
        component: 'irsa-webhook',
        instance: '',
        now: () => new Date(0),
        unique: () => String((state.posts += 1)),
      }),
    });
    scope.onEnd(async () => {
      await source.stop();
      transport.close();
    });
    await eventually('the watch', () => watch !== undefined);
    return {
      source,
      events,
      held,
      messages: () => kept.lines().map(({ message }) => message),
      change: (changed: string) => {
        state.text = changed;
        state.version += 1;
        watch?.write(`${JSON.stringify({ type: 'MODIFIED', object: configMap() })}\n`);
      },
      relist: async () => {
        const { lists } = state;
        watch?.end(errorEvent(410, 'Expired'));
        watch = undefined;
        await eventually('another list and watch', () => state.lists > lists && watch !== undefined);
      },
      counts: async () =>
        Object.fromEntries(
          [...parseMetrics((await metrics.render()).body).values()].flatMap(({ series }) =>
            [...series].filter(([name]) => name.startsWith('irsa_webhook_role_map')),
          ),
        ),
    };
  }

  it('counts a good map, and writes no event', async () => {
    const { counts, events, source } = await start(good);
    assert.equal(source.notReady(), undefined);
    assert.deepEqual(await counts(), countsOf(1, 0, 0, 1));
    assert.deepEqual(events, []);
  });

  it('tells of a refused map by one event, however often it is listed, and keeps the last good one', async () => {
    const { change, counts, events, source, relist, messages } = await start(good);
    const last = source.roleMap();
    change(bad);
    await eventually('the event', () => events.length === 1);
    await relist();
    change(bad);
    await relist();
    assert.equal(events.length, 1);
    assert.deepEqual(await counts(), countsOf(1, 1, 1, 1));
    assert.equal(source.roleMap(), last);
    assert.equal(refusals(messages()), 1);
    const [{ involvedObject, type, reason, message } = {}] = events;
    assert.deepEqual(involvedObject, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: 'eks',
      name: 'pod-identity-webhook',
      uid: 'u-1',
      resourceVersion: '2',
    });
    assert.deepEqual([type, reason], ['Warning', 'RoleMapRefused']);
    assert.match(
      String(message),
      /^The map of roles is refused as a whole, and the last good one stays in force: .*no-slash/,
    );
  });

  it('tells of each further one, also of the same after a good one', async () => {
    const { change, counts, events } = await start(bad);
    await eventually('the first event', () => events.length === 1);
    assert.match(
      String(events[0]?.['message']),
      /there is no good one yet, so that pods whose account has no role fail/,
    );
    change('[]');
    await eventually('the second event', () => events.length === 2);
    change(good);
    change(bad);
    await eventually('the third event', () => events.length === 3);
    assert.deepEqual(await counts(), countsOf(1, 3, 1, 1));
  });

  it('passes over what was refused while an event is on its way, but for the last', async () => {
    const { change, events, held, messages } = await start(bad, 0);
    await eventually('the first event', () => held.length === 1);
    for (const text of ['1', '2', '[]']) change(text);
    await eventually('the refusals', () => refusals(messages()) === 4);
    held[0]?.writeHead(201).end('{}');
    await eventually('the last event', () => held.length === 2);
    assert.match(String(events[1]?.['message']), /got a list|got an array/);
  });

  it('says once in the log that an event may not be written, and goes on', async () => {
    const { change, messages, events, source } = await start(bad, 403);
    const warned = () => messages().filter((message) => message === 'event not written').length;
    await eventually('the warning', () => warned() === 1);
    change(good);
    await eventually('the good map', () => source.roleMap() !== undefined);
    assert.deepEqual([events.length, warned()], [1, 1]);
  });
});
