// An API server for tests that keeps one collection: pages, watches, bookmarks, and any fault at any request.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import { reset, startFakeApiServer } from './fake-api-server.ts';
import type { Scope } from './scope.ts';

/** A check is a list of one object, by which the version is asked for. */
export type RequestKind = 'list' | 'watch' | 'check';

export type SeenRequest = {
  readonly kind: RequestKind;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
};

type Item = {
  readonly apiVersion: 'v1';
  readonly kind: 'ServiceAccount';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion: string;
    readonly annotations: { readonly value: string };
  };
};

type WatchEvent = { readonly version: number; readonly line: string };

export type FakeWatchServer = {
  readonly url: string;
  readonly sockets: ReadonlySet<Socket>;
  connectionCount(): number;
  /** In the order of their arrival, those that met a fault too. */
  readonly requests: readonly SeenRequest[];
  /** The answers of the watches that are open. */
  readonly watches: ReadonlySet<ServerResponse>;
  /** Values by `namespace/name`, as a store should hold them. */
  state(): Map<string, string>;
  /** Answers without a fault: what next() takes to let a request pass. */
  readonly answer: RequestListener;
  /** Creates or changes an object. */
  put(key: string, value: string): void;
  remove(key: string): void;
  /** Makes changes that the watches open now are not told of. */
  unseen(change: () => void): void;
  /** Tells all watches where the collection stands, some versions further on. */
  bookmark(): void;
  /** Forgets all events so far, so that a watch from before the last one is answered with 410. */
  compact(how: 'event' | 'status'): void;
  /** Starts anew without an object, at a version before all that were, as with an etcd that was emptied. */
  empty(): void;
  /** Lets the next requests of a kind meet these, one each. */
  next(kind: RequestKind, ...faults: readonly RequestListener[]): void;
  /** Writes to all watches. */
  write(text: string): void;
  endWatches(): void;
  resetWatches(): void;
  /** Closes the port and all connections. */
  stop(): Promise<void>;
  /** Listens on the same port again. */
  start(): Promise<void>;
};

/** Answers with a Status object, as the API server refuses. */
export function refuse(code: number, reason: string, headers: Record<string, string> = {}): RequestListener {
  return (_, response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(statusOf(code, reason)));
  };
}

/** The line of an ERROR event. */
export function errorEvent(code: number, reason: string, details: object = {}): string {
  return `${JSON.stringify({ type: 'ERROR', object: { ...statusOf(code, reason), details } })}\n`;
}

/** Opens a watch and ends it at once. */
export const endAtOnce: RequestListener = (_, response) => {
  response.writeHead(200);
  response.flushHeaders();
  response.end();
};

export const resetAtOnce: RequestListener = (request) => reset(request.socket);

export const hang: RequestListener = () => undefined;

function statusOf(code: number, reason: string) {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: `because of ${reason}`, reason, code };
}

function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  return new URL(url, 'http://fake').searchParams;
}

function kindOf(query: URLSearchParams): RequestKind {
  if (query.get('watch') === 'true') return 'watch';
  return query.get('limit') === '1' && !query.has('continue') ? 'check' : 'list';
}

/** Starts the server, which the scope stops. Versions grow by one with each change, as etcd's do at least. */
export async function startFakeWatchServer(scope: Scope, tls?: ServerOptions): Promise<FakeWatchServer> {
  const items = new Map<string, Item>();
  const requests: SeenRequest[] = [];
  const watches = new Set<ServerResponse>();
  /** Where each watch began: it is told of nothing before, be it yet to come. */
  const positions = new WeakMap<ServerResponse, number>();
  const faults: Record<RequestKind, RequestListener[]> = { list: [], watch: [], check: [] };
  const snapshots = new Map<number, readonly Item[]>();
  let history: WatchEvent[] = [];
  let version = 100;
  let compactedVersion = 100;
  let compactedAnswer: 'event' | 'status' = 'status';
  let isUnseen = false;

  const publish = (type: string, object: object) => {
    const line = `${JSON.stringify({ type, object })}\n`;
    if (type !== 'BOOKMARK') history.push({ version, line });
    if (isUnseen) return;
    for (const watch of watches) if (version > (positions.get(watch) ?? 0)) watch.write(line);
  };
  const itemOf = (key: string, value: string): Item => {
    const [namespace = '', name = ''] = key.split('/');
    const metadata = { name, namespace, resourceVersion: String(version), annotations: { value } };
    return { kind: 'ServiceAccount', apiVersion: 'v1', metadata };
  };

  const list = (query: URLSearchParams, response: ServerResponse) => {
    const [snapshotVersion = version, offset = 0] = (query.get('continue') ?? `${version}:0`).split(':').map(Number);
    if (offset === 0) snapshots.set(version, [...items.values()]);
    const snapshot = snapshots.get(snapshotVersion) ?? assert.fail('a continue token of somebody else');
    const end = offset + Number(query.get('limit') ?? snapshot.length);
    const metadata = {
      resourceVersion: String(snapshotVersion),
      ...(end < snapshot.length && { continue: `${snapshotVersion}:${end}` }),
    };
    const page = snapshot.slice(offset, end);
    response.end(JSON.stringify({ kind: 'ServiceAccountList', metadata, items: page.length === 0 ? null : page }));
  };

  const watch = (query: URLSearchParams, response: ServerResponse) => {
    const from = Number(query.get('resourceVersion'));
    const isExpired = from < compactedVersion;
    if (isExpired && compactedAnswer === 'status') {
      response.writeHead(410).end(JSON.stringify(statusOf(410, 'Expired')));
      return;
    }
    response.writeHead(200);
    response.flushHeaders();
    if (isExpired) {
      response.end(errorEvent(410, 'Expired'));
      return;
    }
    response.on('error', () => undefined);
    response.on('close', () => watches.delete(response));
    watches.add(response);
    positions.set(response, from);
    for (const event of history) if (event.version > from) response.write(event.line);
  };

  const answer: RequestListener = (request, response) => {
    const query = queryOf(request);
    if (kindOf(query) === 'watch') watch(query, response);
    else list(query, response);
  };
  const meet: RequestListener = (request, response) => {
    const query = queryOf(request);
    const kind = kindOf(query);
    requests.push({ kind, query, authorization: request.headers.authorization });
    const react = faults[kind].shift() ?? answer;
    react(request, response);
  };

  const api = await startFakeApiServer(scope, meet, tls);
  return {
    url: api.url,
    sockets: api.sockets,
    connectionCount: () => api.connectionCount(),
    requests,
    watches,
    answer,
    unseen(change) {
      isUnseen = true;
      change();
      isUnseen = false;
    },
    state: () => new Map([...items].map(([key, { metadata }]) => [key, metadata.annotations.value])),
    put(key, value) {
      version += 1;
      const type = items.has(key) ? 'MODIFIED' : 'ADDED';
      items.set(key, itemOf(key, value));
      publish(type, itemOf(key, value));
    },
    remove(key) {
      version += 1;
      items.delete(key);
      publish('DELETED', itemOf(key, ''));
    },
    bookmark() {
      version += 10;
      publish('BOOKMARK', { kind: 'ServiceAccount', metadata: { resourceVersion: String(version) } });
    },
    compact(how) {
      version += 1;
      compactedVersion = version;
      compactedAnswer = how;
      history = [];
    },
    empty() {
      version = 1;
      compactedVersion = 1;
      history = [];
      items.clear();
    },
    next: (kind, ...more) => void faults[kind].push(...more),
    write: (text) => watches.forEach((response) => response.write(text)),
    endWatches: () => watches.forEach((response) => response.end()),
    resetWatches: () => watches.forEach((response) => response.socket && reset(response.socket)),
    async stop() {
      const closed = once(api.server, 'close');
      api.server.close();
      for (const socket of api.sockets) socket.destroy();
      await closed;
    },
    async start() {
      api.server.listen(Number(new URL(api.url).port), '127.0.0.1');
      await once(api.server, 'listening');
    },
  };
}
