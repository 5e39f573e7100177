// An API server for a benchmark: service accounts in pages, one account at a time, and a watch that says little.
import { createServer, type ServerResponse } from 'node:http';
import { accountOf, roleEvery, roleOf } from './accounts.ts';

const count = Number(process.argv[2] ?? 100_000);
const version = '7';
/** client-go's page. */
const pageLength = 500;

/** Who made an account: what it leaves, `managedFields` above all, is most of what an account takes on the wire. */
type Maker = (annotations: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>) => object;

const managedBy = (manager: string, annotations: object, labels: object): object[] => [
  {
    manager,
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:metadata': { 'f:annotations': fieldsOf(annotations), 'f:labels': fieldsOf(labels) } },
  },
];
const fieldsOf = (entries: object): object =>
  Object.fromEntries(['.', ...Object.keys(entries).map((key) => `f:${key}`)].map((key) => [key, {}]));

const byHelm: Maker = (own, ownLabels) => {
  const release = ownLabels['app.kubernetes.io/name'] ?? '';
  const annotations = { 'meta.helm.sh/release-name': release, 'meta.helm.sh/release-namespace': 'default', ...own };
  const labels = { 'app.kubernetes.io/managed-by': 'Helm', ...ownLabels };
  return { labels, annotations, managedFields: managedBy('helm', annotations, labels) };
};
/** Leaves a copy of all that it was given, which no other account has. */
const byKubectlApply: Maker = (own, labels) => {
  const given = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { annotations: own, labels } };
  const annotations = {
    'kubectl.kubernetes.io/last-applied-configuration': `${JSON.stringify(given)}\n`,
    ...own,
  };
  return { labels, annotations, managedFields: managedBy('kubectl-client-side-apply', annotations, labels) };
};

const metadataOf = (index: number): object => {
  const { name, namespace } = accountOf(index);
  const role = roleOf(index);
  // By turns, among those with a role and among those without.
  const make = (Math.floor(index / roleEvery) + index) % 2 === 0 ? byHelm : byKubectlApply;
  return {
    name,
    namespace,
    uid: `5f1d1b3c-7b64-4c7e-8f5c-${String(index).padStart(12, '0')}`,
    resourceVersion: version,
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...make(role === undefined ? {} : { 'eks.amazonaws.com/role-arn': role }, {
      'app.kubernetes.io/name': name,
      'app.kubernetes.io/instance': name,
      'app.kubernetes.io/version': '1.2.3',
      'app.kubernetes.io/component': 'api',
    }),
  };
};

function createPage(offset: number, limit: number): Buffer {
  const end = Math.min(offset + limit, count);
  const items = Array.from({ length: end - offset }, (_, index) => ({ metadata: metadataOf(offset + index) }));
  const metadata = { resourceVersion: version, ...(end < count && { continue: String(end) }) };
  return Buffer.from(JSON.stringify({ kind: 'ServiceAccountList', apiVersion: 'v1', metadata, items }));
}
// Made before anybody asks: this is not what is measured.
const pages = new Map<number, Buffer>();
for (let offset = 0; offset < count; offset += pageLength) pages.set(offset, createPage(offset, pageLength));

function pageFor(parameters: URLSearchParams): Buffer {
  const offset = Number(parameters.get('continue') ?? 0);
  const limit = Number(parameters.get('limit') ?? pageLength);
  return (limit === pageLength ? pages.get(offset) : undefined) ?? createPage(offset, limit);
}

/** As the API server says it when the version of a watch is older than what it keeps. */
const expired = {
  type: 'ERROR',
  object: {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'The resourceVersion for the provided watch is too old.',
    reason: 'Expired',
    code: 410,
  },
};
const bookmark = {
  type: 'BOOKMARK',
  object: { kind: 'ServiceAccount', apiVersion: 'v1', metadata: { resourceVersion: version } },
};
/** The API server's are a minute apart. */
const bookmarkIntervalMs = 60_000;
/** Longer than anything here: who measures reads over kept connections must not lose them in between. */
const keepAliveTimeoutMs = 600_000;

const watches = new Set<ServerResponse>();
/** Answered by the next watch: then all accounts have been listed again. */
const waiting = new Set<ServerResponse>();

function openWatch(response: ServerResponse): void {
  response.writeHead(200);
  response.flushHeaders();
  watches.add(response);
  response.once('close', () => watches.delete(response));
  for (const asked of waiting) asked.end();
  waiting.clear();
}

function expireWatches(response: ServerResponse): void {
  waiting.add(response);
  for (const watch of watches) watch.end(`${JSON.stringify(expired)}\n`);
}

setInterval(() => {
  for (const watch of watches) watch.write(`${JSON.stringify(bookmark)}\n`);
}, bookmarkIntervalMs);

const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  if (pathname === '/expire') {
    expireWatches(response);
  } else if (searchParams.has('watch')) {
    openWatch(response);
  } else if (pathname === '/api/v1/serviceaccounts') {
    response.end(pageFor(searchParams));
  } else {
    const index = Number(/workload-(\d+)$/.exec(pathname)?.[1]);
    response.end(JSON.stringify({ kind: 'ServiceAccount', apiVersion: 'v1', metadata: metadataOf(index) }));
  }
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) process.stdout.write(`${String(address.port)}\n`);
});
