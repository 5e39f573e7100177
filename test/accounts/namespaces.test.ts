// Namespaces that are followed: answers at hand, live ones where there is none at hand, and faults.
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { Deadline, LookupFault } from '../../src/accounts/lookup.ts';
import { createNamespaceSource, type NamespaceSource } from '../../src/accounts/namespaces.ts';
import type { JsonObject } from '../../src/identity/json.ts';
import type { OptOut } from '../../src/identity/opt-out.ts';
import { createAnonymousConnection } from '../../src/kubernetes/connection.ts';
import { createTransport } from '../../src/kubernetes/transport.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { type FakeApiServer, startFakeApiServer } from '../kubernetes/fake-api-server.ts';
import { useScope } from '../kubernetes/scope.ts';

const annotationPrefix = 'eks.amazonaws.com';
const key = `${annotationPrefix}/skip-pod-identity-webhook`;
const label = { labels: { [key]: '' } };
const stays: OptOut = { optedOut: false };
const isLeftAlone: OptOut = { optedOut: true };

type Reply = { readonly code: number; readonly body: unknown };

function namespaceOf(name: string, metadata: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, resourceVersion: '7', ...metadata } };
}

function found(name: string, metadata: JsonObject = {}): Reply {
  return { code: 200, body: namespaceOf(name, metadata) };
}

function refusal(code: number, reason: string, details: object = {}): Reply {
  return { code, body: { kind: 'Status', apiVersion: 'v1', message: `because of ${reason}`, reason, details, code } };
}

function within(timeoutMs: number): Deadline {
  return { atMs: performance.now() + timeoutMs, callerGone: () => new AbortController().signal };
}

/** An API server of namespaces: a list, once `listed` is set, a watch that a test writes to, and live reads. */
type Served = {
  readonly api: FakeApiServer;
  listed: readonly JsonObject[] | undefined;
  readonly live: Map<string, Reply>;
  /** Names of namespaces that were read live, in order. */
  readonly reads: string[];
  isWatched(): boolean;
  tell(type: string, namespace: JsonObject): void;
};

function send(response: ServerResponse, { code, body }: Reply): void {
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** The answer at hand; the test fails where it is a promise. */
function atHand(source: NamespaceSource, name: string): OptOut | LookupFault {
  const answer = source.readOptOut(name, within(5_000));
  assert.ok(!(answer instanceof Promise), `expected an answer for ${name} without a promise`);
  return answer;
}

/** Whether the answer at hand is that a namespace opts out. */
function optsOut(source: NamespaceSource, name: string): boolean {
  const answer = atHand(source, name);
  return 'optedOut' in answer && answer.optedOut;
}

describe('accounts/namespaces', () => {
  const scope = useScope();

  async function serve(listed?: readonly JsonObject[]): Promise<Served> {
    const watches: ServerResponse[] = [];
    const api = await startFakeApiServer(scope, (request, response) => {
      const url = new URL(request.url ?? '', 'http://fake');
      const name = /^\/api\/v1\/namespaces\/(.*)$/.exec(url.pathname)?.[1];
      if (name !== undefined) {
        served.reads.push(name);
        const reply = served.live.get(name);
        if (reply) send(response, reply);
      } else if (url.searchParams.get('watch') === 'true') {
        response.writeHead(200).flushHeaders();
        watches.push(response);
      } else if (served.listed === undefined) {
        send(response, refusal(403, 'Forbidden'));
      } else {
        const list = { kind: 'NamespaceList', metadata: { resourceVersion: '7' }, items: served.listed };
        send(response, { code: 200, body: list });
      }
    });
    const served: Served = {
      api,
      listed,
      live: new Map(),
      reads: [],
      isWatched: () => watches.length > 0,
      tell: (type, object) => {
        for (const watch of watches) watch.write(`${JSON.stringify({ type, object })}\n`);
      },
    };
    return served;
  }

  type Followed = NamespaceSource & { readonly told: { syncedCount: number; readonly errors: string[] } };

  function follow({ api }: Served): Followed {
    const transport = createTransport(createAnonymousConnection(new URL(api.url)), { version: '1.2.3' });
    const told = { syncedCount: 0, errors: [] as string[] };
    const source = createNamespaceSource({
      api: transport,
      annotationPrefix,
      now: () => performance.now(),
      random: () => 0,
      wait: async (_delayMs, signal) => {
        // The next try comes at once; a turn of the event loop keeps the tests responsive.
        if (!signal.aborted) await new Promise((resolve) => setImmediate(resolve));
      },
      observer: {
        onSynced: () => {
          told.syncedCount += 1;
        },
        onError: (message) => told.errors.push(message),
      },
    });
    scope.onEnd(async () => {
      await source.stop();
      transport.close();
    });
    return { ...source, told };
  }

  async function followAll(served: Served): Promise<Followed> {
    const source = follow(served);
    await eventually('the first list, and a watch', () => source.told.syncedCount === 1 && served.isWatched());
    return source;
  }

  it('has the answer of every namespace of the list at hand', async () => {
    const served = await serve([
      namespaceOf('plain'),
      namespaceOf('labelled', { labels: { [key]: 'false' } }),
      namespaceOf('annotated', { annotations: { [key]: 'true' } }),
      namespaceOf('against', { annotations: { [key]: 'false' } }),
      namespaceOf('wrong', { annotations: { [key]: 'maybe' } }),
    ]);
    const source = await followAll(served);
    assert.deepEqual(atHand(source, 'plain'), stays);
    assert.deepEqual(atHand(source, 'labelled'), isLeftAlone);
    assert.deepEqual(atHand(source, 'annotated'), isLeftAlone);
    assert.deepEqual(atHand(source, 'against'), stays);
    assert.deepEqual(atHand(source, 'wrong'), {
      optedOut: false,
      warning: `namespace annotation ${key}: "maybe" is not a boolean; it does not opt out`,
    });
    assert.deepEqual(served.reads, []);
  });

  it('keeps one object for all that say the same', async () => {
    const source = await followAll(await serve(['a', 'b'].map((name) => namespaceOf(name, label))));
    assert.equal(atHand(source, 'a'), atHand(source, 'b'));
  });

  it('follows changes', async () => {
    const served = await serve([namespaceOf('shop')]);
    const source = await followAll(served);
    assert.deepEqual(atHand(source, 'shop'), stays);
    served.tell('MODIFIED', namespaceOf('shop', label));
    await eventually('the label', () => optsOut(source, 'shop'));
    served.tell('MODIFIED', namespaceOf('shop'));
    await eventually('the label to be gone', () => !optsOut(source, 'shop'));
    served.tell('ADDED', namespaceOf('new', label));
    served.tell('MODIFIED', namespaceOf('shop', label));
    await eventually('the last of them', () => optsOut(source, 'shop'));
    assert.deepEqual(atHand(source, 'new'), isLeftAlone);
    assert.deepEqual(served.reads, []);
  });

  it('reads a namespace live that it does not know, as a new one, and each time', async () => {
    const served = await serve([]);
    const source = await followAll(served);
    served.live.set('new', found('new', label)).set('other', found('other'));
    assert.deepEqual(await source.readOptOut('new', within(5_000)), isLeftAlone);
    assert.deepEqual(await source.readOptOut('new', within(5_000)), isLeftAlone);
    assert.deepEqual(await source.readOptOut('other', within(5_000)), stays);
    assert.deepEqual(served.reads, ['new', 'new', 'other']);
  });

  it('reads a namespace live that is gone, or on its way: the next of its name may differ', async () => {
    const served = await serve([
      namespaceOf('gone', label),
      namespaceOf('going', label),
      namespaceOf('at-the-list', { ...label, deletionTimestamp: '2026-01-01T00:00:00Z' }),
      namespaceOf('last'),
    ]);
    const source = await followAll(served);
    for (const name of ['gone', 'going', 'at-the-list']) served.live.set(name, found(name));
    served.tell('DELETED', namespaceOf('gone', label));
    served.tell('MODIFIED', namespaceOf('going', { ...label, deletionTimestamp: '2026-01-01T00:00:00Z' }));
    served.tell('MODIFIED', namespaceOf('last', label));
    await eventually('the last of them', () => optsOut(source, 'last'));
    for (const name of ['gone', 'going', 'at-the-list']) {
      assert.deepEqual(await source.readOptOut(name, within(5_000)), stays, name);
    }
    assert.deepEqual(served.reads, ['gone', 'going', 'at-the-list']);
  });

  it('reads live before the first list, and says what keeps it', async () => {
    const served = await serve();
    served.live.set('shop', found('shop', label));
    const source = follow(served);
    assert.deepEqual(await source.readOptOut('shop', within(5_000)), isLeftAlone);
    await eventually('a refused list', () => source.told.errors.length > 0);
    assert.match(
      source.told.errors[0] ?? '',
      /^Expected a list from \/api\/v1\/namespaces, got .*403.*because of Forbidden/,
    );
    assert.equal(source.told.syncedCount, 0);
    served.listed = [namespaceOf('shop', label)];
    await eventually('the first list', () => source.told.syncedCount === 1);
    assert.deepEqual(atHand(source, 'shop'), isLeftAlone);
  });

  it('takes a namespace that is not there for one that does not opt out', async () => {
    const served = await serve([]);
    const source = await followAll(served);
    served.live.set('gone', refusal(404, 'NotFound', { kind: 'namespaces', name: 'gone' }));
    assert.deepEqual(await source.readOptOut('gone', within(5_000)), stays);
  });

  const faults: readonly (readonly [name: string, reply: Reply, says: string])[] = [
    ['403', refusal(403, 'Forbidden'), '403: because of Forbidden'],
    ['500', refusal(500, 'InternalError'), '500: because of InternalError'],
    ['404 for the path', refusal(404, ''), '404: because of '],
    ['404 for another kind', refusal(404, 'NotFound', { kind: 'pods', name: 'new' }), '404: because of NotFound'],
    ['404 for another name', refusal(404, 'NotFound', { kind: 'namespaces', name: 'x' }), '404: because of NotFound'],
    ['another namespace', found('admin', label), '200: nothing that could be read'],
    ['an object in a namespace', found('new', { namespace: 'new' }), '200: nothing that could be read'],
    ['another kind', { code: 200, body: { ...namespaceOf('new'), kind: 'Secret' } }, '200: nothing that could be read'],
  ];
  for (const [name, reply, says] of faults) {
    it(`${name}: a fault`, async () => {
      const served = await serve([]);
      const source = await followAll(served);
      served.live.set('new', reply);
      assert.deepEqual(await source.readOptOut('new', within(5_000)), {
        kind: 'fault',
        reason: 'lookup_failed',
        message: `cannot read namespace new: the API server answered ${says}`,
      });
    });
  }

  it('no answer by the deadline: a fault of its own', async () => {
    const source = await followAll(await serve([]));
    const answer = await source.readOptOut('slow', within(50));
    assert.ok('kind' in answer);
    assert.equal(answer.reason, 'lookup_timeout');
    assert.equal(answer.message, 'cannot read namespace slow: the API server did not answer in time');
  });

  it('names that no namespace can have never reach the network', async () => {
    const served = await serve([]);
    const source = await followAll(served);
    for (const name of ['', '..', '../../secrets', 'a/b', 'a?x=1', 'Shop', 'shop\n', '__proto__']) {
      assert.deepEqual(atHand(source, name), stays, JSON.stringify(name));
    }
    assert.deepEqual(served.reads, []);
  });
});
