// Which flags cannot stand together, and what keeps a source that follows namespaces from being ready.
import assert from 'node:assert/strict';
import { openAccountSource } from '../../src/commands/account-source.ts';
import { serveFlags } from '../../src/commands/flags.ts';
import { parseFlags } from '../../src/commands/parse-flags.ts';
import { createLog } from '../../src/observability/log.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { startFakeApiServer } from '../kubernetes/fake-api-server.ts';
import { useScope } from '../kubernetes/scope.ts';
import { keepLogLines } from '../observability/log-lines.ts';

const deadline = { atMs: Number.MAX_SAFE_INTEGER, callerGone: () => new AbortController().signal };

function open(...args: string[]) {
  const log = createLog({ verbosity: 0, destination: keepLogLines().destination });
  const metrics = createMetrics([], { processMetrics: false });
  return openAccountSource(parseFlags(serveFlags, args).values, { version: '1.2.3', environment: {}, log, metrics });
}

describe('commands/account-source', () => {
  const scope = useScope();

  for (const flag of ['--watch-config-map', '--respect-env-from', '--watch-namespaces']) {
    it(`refuses ${flag} without a cluster`, async () => {
      await assert.rejects(open('--service-accounts=manifests/examples', flag), {
        name: 'UsageError',
        message: `${flag} needs a cluster, and --service-accounts serves without one`,
      });
    });
  }

  async function openAgainst(mayListNamespaces: () => boolean, ...args: string[]) {
    const api = await startFakeApiServer(scope, (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://fake');
      if (pathname === '/api/v1/namespaces' && !mayListNamespaces()) {
        response.writeHead(403).end(JSON.stringify({ kind: 'Status', message: 'namespaces is forbidden', code: 403 }));
      } else if (searchParams.get('watch') === 'true') {
        response.writeHead(200).flushHeaders();
      } else {
        const kind = pathname.endsWith('namespaces') ? 'NamespaceList' : 'ServiceAccountList';
        const items = [{ metadata: { name: 'shop', labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': '' } } }];
        response.end(JSON.stringify({ kind, metadata: { resourceVersion: '7' }, items }));
      }
    });
    const source = await open(`--kube-api=${api.url}`, ...args);
    scope.onEnd(source.close);
    return source;
  }

  it('is not ready until all namespaces are known, and then answers at once', async () => {
    let mayList = false;
    const source = await openAgainst(() => mayList, '--watch-namespaces');
    await eventually(
      'the reason',
      () => source.notReady()?.startsWith('namespaces have not been read yet: Expected a list') ?? false,
    );
    assert.match(source.notReady() ?? '', /403.*namespaces is forbidden/);
    mayList = true;
    await eventually('readiness', () => source.notReady() === undefined);
    assert.deepEqual(source.readNamespaceOptOut?.('shop', deadline), { optedOut: true });
  });

  it('asks for no namespace without the flag', async () => {
    const source = await openAgainst(() => false);
    await eventually('readiness', () => source.notReady() === undefined);
    assert.equal(source.readNamespaceOptOut, undefined);
  });
});
