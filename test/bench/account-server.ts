// An API server for a benchmark: many service accounts in pages, one account at a time, and a watch on which nothing happens.
import { createServer } from 'node:http';

const count = Number(process.argv[2] ?? 100_000);
const namespaces = 1_000;
/** Every tenth has a role. */
const roleEvery = 10;

const metadataOf = (index: number, version: string): object => {
  const name = `workload-${String(index)}`;
  const role = `arn:aws:iam::111122223333:role/team/${name}`;
  const annotations = {
    'meta.helm.sh/release-name': name,
    ...(index % roleEvery === 0 && { 'eks.amazonaws.com/role-arn': role }),
  };
  return {
    name,
    namespace: `team-${String(index % namespaces)}`,
    uid: `5f1d1b3c-7b64-4c7e-8f5c-${String(index).padStart(12, '0')}`,
    resourceVersion: version,
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/name': name },
    annotations,
    // As kubectl and Helm leave it: more than half of what an account takes on the wire.
    managedFields: [
      {
        manager: 'helm',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': {
            'f:annotations': { '.': {}, 'f:meta.helm.sh/release-name': {}, 'f:eks.amazonaws.com/role-arn': {} },
            'f:labels': { '.': {}, 'f:app.kubernetes.io/managed-by': {}, 'f:app.kubernetes.io/name': {} },
          },
        },
      },
    ],
  };
};

const pages = new Map<string, Buffer>();
function pageOf(limit: number, offset: number): Buffer {
  const key = `${String(limit)}:${String(offset)}`;
  const known = pages.get(key);
  if (known !== undefined) return known;
  const end = Math.min(offset + limit, count);
  const items = Array.from({ length: end - offset }, (_, index) => ({ metadata: metadataOf(offset + index, '7') }));
  const metadata = { resourceVersion: '7', ...(end < count && { continue: String(end) }) };
  const page = Buffer.from(JSON.stringify({ kind: 'ServiceAccountList', apiVersion: 'v1', metadata, items }));
  pages.set(key, page);
  return page;
}
// Made before anybody asks: this is not what is measured.
for (let offset = 0; offset < count; offset += 500) pageOf(500, offset);

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  if (searchParams.has('watch')) {
    response.writeHead(200);
    response.flushHeaders();
  } else if (pathname === '/api/v1/serviceaccounts') {
    response.end(pageOf(Number(searchParams.get('limit') ?? count), Number(searchParams.get('continue') ?? 0)));
  } else {
    const index = Number(/workload-(\d+)$/.exec(pathname)?.[1]);
    response.end(JSON.stringify({ kind: 'ServiceAccount', apiVersion: 'v1', metadata: metadataOf(index, '7') }));
  }
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) process.stdout.write(`${String(address.port)}\n`);
});
