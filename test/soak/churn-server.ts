// An API server for the churn: many accounts, a watch that keeps only the latest events, and faults on demand.
import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { reset, startFakeApiServer } from '../kubernetes/fake-api-server.ts';
import { errorEvent, refuse } from '../kubernetes/fake-watch-server.ts';
import type { Scope } from '../kubernetes/scope.ts';
import type { Annotations, Change } from './random-changes.ts';

/** Events that are kept for a watch that comes back; from before them it gets a 410, as from etcd after a compaction. */
const keptEvents = 5_000;

/** A server at work. */
export type ChurnServer = {
  readonly url: string;
  /** Makes changes, tells the open watches, cut into two pieces at `cut` (0 to 1), and waits until they can take more. */
  readonly apply: (changes: readonly Change[], cut: number) => Promise<void>;
  /** What can go wrong, by name. */
  readonly faults: Readonly<Record<string, () => void>>;
  readonly counts: () => { readonly lists: number; readonly watches: number };
};

/** Starts it; the scope stops it. Its memory is bounded, whatever it is asked to do. */
export async function startChurnServer(scope: Scope): Promise<ChurnServer> {
  const items = new Map<string, object>();
  const watches = new Set<ServerResponse>();
  const refusals: Record<'list' | 'watch', RequestListener[]> = { list: [], watch: [] };
  const counts = { lists: 0, watches: 0 };
  let history: { readonly version: number; readonly line: string }[] = [];
  let snapshot: { readonly version: number; readonly items: readonly object[] } = { version: 0, items: [] };
  let version = 1;
  let compactedVersion = 1;

  const lineOf = (change: Change): string => {
    version += 1;
    if (change.kind === 'bookmark') return eventLine('BOOKMARK', { metadata: { resourceVersion: String(version) } });
    const object = objectOf(change.key, change.kind === 'put' ? change.annotations : undefined, version);
    const type = change.kind === 'remove' ? 'DELETED' : items.has(change.key) ? 'MODIFIED' : 'ADDED';
    if (change.kind === 'remove') items.delete(change.key);
    else items.set(change.key, object);
    const line = eventLine(type, object);
    history.push({ version, line });
    return line;
  };
  const forget = (kept: number): void => {
    if (history.length <= kept) return;
    const cut = history.length - kept;
    compactedVersion = history[cut - 1]?.version ?? version;
    history = history.slice(cut);
  };
  const answerList = (query: URLSearchParams, response: ServerResponse): void => {
    const token = query.get('continue');
    if (token === null) snapshot = { version, items: [...items.values()] };
    const [of = version, offset = 0] = (token ?? `${String(version)}:0`).split(':').map(Number);
    const end = offset + Number(query.get('limit'));
    const metadata = {
      resourceVersion: String(of),
      ...(end < snapshot.items.length && { continue: `${String(of)}:${String(end)}` }),
    };
    response.end(JSON.stringify({ kind: 'ServiceAccountList', metadata, items: snapshot.items.slice(offset, end) }));
  };
  const answerWatch = (query: URLSearchParams, response: ServerResponse): void => {
    const from = Number(query.get('resourceVersion'));
    response.writeHead(200);
    response.flushHeaders();
    if (from < compactedVersion) {
      response.end(errorEvent(410, 'Expired'));
      return;
    }
    response.on('error', () => undefined);
    response.on('close', () => watches.delete(response));
    watches.add(response);
    const missed = history.filter((event) => event.version > from);
    response.write(missed.map(({ line }) => line).join('') || '\n');
  };

  const api = await startFakeApiServer(scope, (request, response) => {
    const query = new URL(request.url ?? '', 'http://fake').searchParams;
    const kind = query.get('watch') === 'true' ? 'watch' : 'list';
    counts[kind === 'watch' ? 'watches' : 'lists'] += 1;
    const refusal = refusals[kind].shift();
    if (refusal !== undefined) refusal(request, response);
    else if (kind === 'watch') answerWatch(query, response);
    else answerList(query, response);
  });

  const toAll = (act: (watch: ServerResponse) => unknown): void => {
    for (const watch of watches) if (!watch.writableEnded) act(watch);
  };
  const resetAll = (): void => toAll(({ socket }) => socket && reset(socket));
  const expire = (): void => toAll((watch) => watch.end(errorEvent(410, 'Expired')));
  return {
    url: api.url,
    counts: () => counts,
    async apply(changes, cut) {
      const text = changes.map(lineOf).join('');
      if (history.length > 2 * keptEvents) forget(keptEvents);
      const at = Math.floor(cut * text.length);
      for (const watch of watches) {
        if (watch.writableEnded) continue;
        watch.write(text.slice(0, at));
        if (watch.write(text.slice(at)) || watch.destroyed) continue;
        await Promise.race([once(watch, 'drain'), once(watch, 'close')]);
      }
      await new Promise(setImmediate);
    },
    faults: {
      'the watch ends': () => toAll((watch) => watch.end()),
      'the watch is reset': resetAll,
      'half a line, and the end': () => toAll((watch) => watch.end('{"type":"ADDED","object":{"metadata":{"na')),
      'a line that is not JSON': () => toAll((watch) => watch.write('{"type":\n')),
      'an object without metadata': () => toAll((watch) => watch.write('{"type":"ADDED","object":{}}\n')),
      'an ERROR event of 500': () => toAll((watch) => watch.end(errorEvent(500, 'InternalError'))),
      'an ERROR event of 410': expire,
      'the next watch is answered with 410'() {
        refusals.watch.push(refuse(410, 'Expired'));
        resetAll();
      },
      'the next watch is answered with 429'() {
        refusals.watch.push(refuse(429, 'TooManyRequests'));
        resetAll();
      },
      'all events are forgotten while the watch is down'() {
        resetAll();
        forget(0);
      },
      'a list, whose first page is answered with 500'() {
        refusals.list.push(refuse(500, 'InternalError'));
        expire();
      },
      'a list, whose page is answered with 410 though its token is new'() {
        refusals.list.push(answerFirstPage, refuse(410, 'Expired'));
        expire();
      },
    },
  };

  function answerFirstPage(...[request, response]: Parameters<RequestListener>): void {
    answerList(new URL(request.url ?? '', 'http://fake').searchParams, response);
  }
}

function eventLine(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function objectOf(key: string, annotations: Annotations, version: number): object {
  const [namespace, name] = key.split('/');
  const metadata = { name, namespace, resourceVersion: String(version), ...(annotations && { annotations }) };
  return { kind: 'ServiceAccount', apiVersion: 'v1', metadata };
}
