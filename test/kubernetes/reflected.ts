// A reflector at work for a test: its store, what it told, and a clock that passes as fast as it waits.

import { isDeepStrictEqual } from 'node:util';
import type { Connection } from '../../src/kubernetes/connection.ts';
import { isApiObject, type ApiObject, type ObjectName, describeName } from '../../src/kubernetes/objects.ts';
import type { ReflectorStore, RelistReason } from '../../src/kubernetes/reflection.ts';
import { createReflector, type Reflector, type ReflectorOptions } from '../../src/kubernetes/reflector.ts';
import { createTransport } from '../../src/kubernetes/transport.ts';
import { eventually } from './eventually.ts';
import { type FakeWatchServer, type RequestKind, startFakeWatchServer } from './fake-watch-server.ts';
import type { Scope } from './scope.ts';

export const path = '/api/v1/serviceaccounts';

export type Told = {
  syncedCount: number;
  readonly events: ('bookmark' | 'change')[];
  readonly relists: RelistReason[];
  readonly errors: string[];
  readonly connected: boolean[];
};

export type Reflected = {
  readonly reflector: Reflector;
  /** Values by `namespace/name`. */
  readonly entries: () => ReadonlyMap<string, string>;
  /** What the store held at each commit. */
  readonly commits: ReadonlyMap<string, string>[];
  readonly told: Told;
  /** Milliseconds of each wait, none of which took any real time. */
  readonly delays: number[];
  /** Lets time pass on the reflector's clock. */
  passMs(ms: number): void;
};

/** Returns the annotation that the fake server's objects carry. */
export function valueOf(object: ApiObject): string {
  const { metadata } = object;
  const annotations = isApiObject(metadata) ? metadata['annotations'] : undefined;
  const value = isApiObject(annotations) ? annotations['value'] : undefined;
  return typeof value === 'string' ? value : '';
}

/** A connection without a credential, but for what `changed` says. */
export function connectionTo(url: string, changed: Partial<Connection> = {}): Connection {
  const tls = {};
  return {
    origin: new URL(url),
    tls: () => tls,
    authorization: () => undefined,
    refused: () => undefined,
    ...changed,
  };
}

export type TestStore = ReflectorStore<string> & { readonly entries: () => ReadonlyMap<string, string> };

/** A store that notes what it held at each commit. */
export function createStore(commits: ReadonlyMap<string, string>[] = []): TestStore {
  let entries = new Map<string, string>();
  return {
    entries: () => entries,
    begin() {
      const next = new Map<string, string>();
      return {
        add: (name: ObjectName, value: string) => void next.set(describeName(name), value),
        commit() {
          entries = next;
          commits.push(new Map(next));
        },
      };
    },
    set: (name, value) => void entries.set(describeName(name), value),
    delete: (name) => void entries.delete(describeName(name)),
  };
}

/** Starts a reflector whose random number is always a half; the scope stops it. */
export function startReflected(
  scope: Scope,
  connection: Connection,
  changed: Partial<ReflectorOptions<string>> = {},
): Reflected {
  const transport = createTransport(connection, { version: '0' });
  const commits: ReadonlyMap<string, string>[] = [];
  const store = createStore(commits);
  const told: Told = { syncedCount: 0, events: [], relists: [], errors: [], connected: [] };
  const delays: number[] = [];
  let nowMs = 0;
  const reflector = createReflector({
    api: transport,
    path,
    project: valueOf,
    store,
    observer: {
      onSynced: () => (told.syncedCount += 1),
      onEvent: (kind) => told.events.push(kind),
      onRelist: (reason) => told.relists.push(reason),
      onError: (message) => told.errors.push(message),
      onConnected: (isConnected) => told.connected.push(isConnected),
    },
    now: () => nowMs,
    random: () => 0.5,
    async wait(delayMs) {
      delays.push(delayMs);
      nowMs += delayMs;
      await new Promise(setImmediate);
    },
    ...changed,
  });
  scope.onEnd(async () => {
    await reflector.stop();
    transport.close();
  });
  return { reflector, entries: () => store.entries(), commits, told, delays, passMs: (ms) => void (nowMs += ms) };
}

/** A projection that does not take the value `bad`. */
export function refuseBad(object: ApiObject): string {
  if (valueOf(object) === 'bad') throw new Error('no such role');
  return valueOf(object);
}

export const requestsOf = (server: FakeWatchServer, kind: RequestKind) =>
  server.requests.filter((request) => request.kind === kind);

/** Waits until the store holds what the server does. */
export async function inStep(server: FakeWatchServer, { entries }: Pick<Reflected, 'entries'>): Promise<void> {
  await eventually('the store to equal the server', () => isDeepStrictEqual(entries(), server.state()));
}

/** Changes every kind of thing and sees it arrive. */
export async function seeChanges(server: FakeWatchServer, reflected: Pick<Reflected, 'entries'>): Promise<void> {
  const stamp = String(server.requests.length);
  server.put('shop/new', stamp);
  server.put('shop/a', stamp);
  server.remove('shop/b');
  await inStep(server, reflected);
  server.put('shop/b', stamp);
  await inStep(server, reflected);
}

/** A server with three objects, versions 101 to 103, and a reflector that watches it. */
export async function startWatched(scope: Scope, changed: Partial<ReflectorOptions<string>>) {
  const server = await startFakeWatchServer(scope);
  for (const name of ['a', 'b', 'c']) server.put(`shop/${name}`, `role-${name}`);
  const reflected = startReflected(scope, connectionTo(server.url), changed);
  const isHeard = () => changed.observer !== undefined || reflected.told.connected.length === 1;
  await eventually('the watch', () => server.watches.size === 1 && isHeard());
  return { server, reflected };
}
