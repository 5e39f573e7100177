// Lists a collection of the API page by page into a generation of a store.

import { KubernetesError } from './errors.ts';
import {
  type ApiObject,
  continueTokenOf,
  describeName,
  isApiObject,
  nameOf,
  parseApiObject,
  resourceVersionOf,
} from './objects.ts';
import { projectObject } from './project.ts';
import type { Generation, Project, ReflectorObserver, RelistReason } from './reflection.ts';
import { readRefusal } from './refusal.ts';
import type { ApiResponse, Transport } from './transport.ts';

/** client-go's page (pager.go, defaultPageSize). */
const maxLimit = 500;

/**
 * An end for a list that has none, lest the generation fill the memory. Ten times the accounts that the whole program is
 * made for, in 270 bytes each where all have a role; all the bytes that etcd holds of everything by default
 * (--quota-backend-bytes), of which a store may keep as many as it likes; and enough pages for either.
 */
const maxObjects = 1_000_000;
const maxCharacters = 2 * 1024 * 1024 * 1024;
const maxPages = 10_000;

/**
 * For a page of one object, which cannot be made smaller: etcd takes 1.5 MiB, and JSON writes a byte as six at most.
 * Without this, one object of a stranger's could keep the list from ever being complete.
 */
export const singleObjectMaxBytes = 16 * 1024 * 1024;

/** What a list is made of. */
export type ListOptions<Entry> = {
  readonly api: Pick<Transport, 'get'>;
  /** The collection, for messages. */
  readonly path: string;
  /** Returns the collection's path with its selector and these parameters. */
  readonly pathWith: (parameters: Readonly<Record<string, string>>) => string;
  readonly generation: Generation<Entry>;
  readonly project: Project<Entry>;
  readonly observer: Pick<ReflectorObserver, 'onError'>;
  /** For each page. */
  readonly pageTimeoutMs: number;
  readonly signal: AbortSignal;
};

/** How the reading of a page ended. */
export type PageEnd =
  /** The generation is committed; a watch goes on from this version. */
  | { readonly kind: 'complete'; readonly resourceVersion: string }
  /** The next page is to be read, at once. */
  | { readonly kind: 'more' }
  /** The same page is to be read again, later. */
  | { readonly kind: 'failed'; readonly message: string; readonly retryAfterMs: number }
  /** Only a new list helps. */
  | {
      readonly kind: 'lost';
      readonly reason: RelistReason;
      readonly message: string;
      readonly retryAfterMs: number;
    };

/** A list under way. */
export type PagedList = {
  /** Reads the page that is due. Rejects only with what the store throws. */
  readPage(): Promise<PageEnd>;
};

/**
 * Returns a list that has read nothing yet. It asks without a resourceVersion, so that the first page is as new as the
 * question, and all pages show the state of the first one (kubernetes.io, API concepts, "Retrieving large results sets
 * in chunks"). Pages too large to read are asked for again with fewer objects.
 */
export function createPagedList<Entry>(options: ListOptions<Entry>): PagedList {
  const seenTokens = new Set<string>();
  let objectCount = 0;
  let characterCount = 0;
  let token: string | undefined;
  let resourceVersion: string | undefined;
  let limit = maxLimit;

  /** Returns why there is no point in reading on, or undefined. */
  const endlessness = (next: string): string | undefined => {
    if (seenTokens.has(next)) return 'a page that was there before';
    if (seenTokens.size >= maxPages) return `more than ${maxPages} pages`;
    if (objectCount >= maxObjects) return `more than ${maxObjects} objects`;
    return characterCount >= maxCharacters ? `more than ${maxCharacters} characters` : undefined;
  };

  const take = (list: ApiObject, items: readonly unknown[]): PageEnd => {
    // The first page's, so that no event is missed should a later page show a later state after all.
    resourceVersion ??= resourceVersionOf(list);
    if (resourceVersion === undefined) return failed(`Expected a resourceVersion in ${options.path}, got none`);
    addItems(items, options);
    objectCount += items.length;
    limit = Math.min(2 * limit, maxLimit);
    token = continueTokenOf(list);
    if (token === undefined) {
      options.generation.commit();
      return { kind: 'complete', resourceVersion };
    }
    const tooMuch = endlessness(token);
    if (tooMuch !== undefined) {
      const message = `Expected ${options.path} to end, got ${tooMuch}`;
      return { kind: 'lost', reason: 'list_endless', message, retryAfterMs: 0 };
    }
    seenTokens.add(token);
    return { kind: 'more' };
  };

  const refused = (response: ApiResponse): PageEnd => {
    const { code, isExpired, retryAfterMs, message: answer } = readRefusal(response);
    const message = `Expected a list from ${options.path}, got ${answer}`;
    const isRefused = code >= 400 && code < 500 && code !== 429;
    if (token === undefined || !(isExpired || isRefused)) return { kind: 'failed', message, retryAfterMs };
    const reason = isExpired ? 'continue_expired' : 'continue_refused';
    return { kind: 'lost', reason, message, retryAfterMs };
  };

  return {
    async readPage() {
      const page = options.pathWith({ limit: String(limit), ...(token !== undefined && { continue: token }) });
      const response = await getPage(page, limit, options);
      if (response instanceof KubernetesError) {
        if (response.code !== 'ERR_KUBERNETES_RESPONSE_TOO_LARGE') return failed(response.message);
        if (limit === 1)
          return failed(`Expected one object of ${options.path} in at most ${singleObjectMaxBytes} bytes, got more`);
        limit = Math.floor(limit / 2);
        return { kind: 'more' };
      }
      // A page that came together with the abort is not taken any more.
      if (options.signal.aborted) return failed('aborted');
      if (response.status !== 200) return refused(response);
      const list = parseApiObject(response.body);
      const items = list === undefined ? undefined : itemsOf(list);
      characterCount += response.body.length;
      if (list !== undefined && items !== undefined) return take(list, items);
      return failed(
        `Expected a list in JSON from ${options.path}, got ${response.body.length} characters of another kind`,
      );
    },
  };
}

async function getPage<Entry>(
  page: string,
  limit: number,
  { api, pageTimeoutMs: timeoutMs, signal }: ListOptions<Entry>,
): Promise<ApiResponse | KubernetesError> {
  try {
    return await api.get(page, { timeoutMs, signal, ...(limit === 1 && { maxBodyBytes: singleObjectMaxBytes }) });
  } catch (error) {
    if (error instanceof KubernetesError) return error;
    throw error;
  }
}

/** Go writes an empty list as null. */
function itemsOf({ kind, items }: ApiObject): readonly unknown[] | undefined {
  if (Array.isArray(items)) return items as readonly unknown[];
  return items === null && typeof kind === 'string' && kind.endsWith('List') ? [] : undefined;
}

function failed(message: string): PageEnd {
  return { kind: 'failed', message, retryAfterMs: 0 };
}

/** Faults are told once a page: a server that leaves out names may do so in all of them. */
function addItems<Entry>(items: readonly unknown[], options: ListOptions<Entry>): void {
  let leftOut = 0;
  let firstFault: string | undefined;
  for (const item of items) {
    const fault = addItem(item, options);
    if (fault === undefined) continue;
    leftOut += 1;
    firstFault ??= fault;
  }
  if (firstFault === undefined) return;
  options.observer.onError(
    `${leftOut} of ${items.length} objects on a page of ${options.path} are left out: ${firstFault}`,
  );
}

/** Returns why an item was left out. */
function addItem<Entry>(item: unknown, { generation, project }: ListOptions<Entry>): string | undefined {
  if (!isApiObject(item)) return 'one is no object';
  const name = nameOf(item);
  if (name === undefined) return 'one has no metadata.name';
  const entry = projectObject(item, project);
  if ('fault' in entry) return `${describeName(name)}: ${entry.fault}`;
  generation.add(name, entry.value);
  return undefined;
}
