/** What the tests ask of etcd itself, by the JSON that its gateway takes beside gRPC. */
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { ClusterError } from './errors.ts';
import { isRecord } from './objects.ts';

const requestTimeoutMs = 10_000;

/** Compacts etcd at its revision of now: whoever asks for an older state is refused. Throws ClusterError otherwise. */
export async function compactEtcd(socketPath: string): Promise<void> {
  const range = await ask(socketPath, '/v3/kv/range', { key: Buffer.from('/').toString('base64'), limit: '1' });
  const header = isRecord(range) ? range['header'] : undefined;
  const revision = isRecord(header) ? header['revision'] : undefined;
  await ask(socketPath, '/v3/kv/compaction', { revision, physical: true });
}

async function ask(socketPath: string, path: string, body: object): Promise<unknown> {
  const signal = AbortSignal.timeout(requestTimeoutMs);
  const sent = http.request({ socketPath, path, method: 'POST', agent: false, signal }).end(JSON.stringify(body));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event is documented to carry
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const answer = await text(response);
  if (response.statusCode === 200) return JSON.parse(answer) as unknown;
  throw new ClusterError('ERR_CLUSTER_REQUEST', `etcd, ${path}: ${String(response.statusCode)}: ${answer}`);
}
