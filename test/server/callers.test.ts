// Callers that are verified: who may send reviews, and who may still ask for health.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import https from 'node:https';
import { connect } from 'node:tls';
import { createCallerCheck } from '../../src/server/callers.ts';
import { type AddRoutes, createApp } from '../../src/server/app.ts';
import { createBodyTurns } from '../../src/server/body-turns.ts';
import { createHealthRoutes } from '../../src/server/health.ts';
import { listen, type Listener } from '../../src/server/listen.ts';
import type { Refusal } from '../../src/server/status.ts';
import { createPair, type Pair } from '../kubernetes/certificates.ts';
import { useScope } from '../kubernetes/scope.ts';
import { type CallAnswer, call } from './call.ts';
import { servingPair } from './serving-pair.ts';

type Guarded = Listener & { readonly ca: string; readonly refusals: readonly Refusal[] };

const review: AddRoutes = (router) => {
  router.post(['/mutate', '/validate/service-accounts'], (_, response) => {
    response.end('reviewed');
  });
};

describe('server/callers', () => {
  const scope = useScope();
  let authority: Pair;
  let apiServer: Pair;
  let withAltName: Pair;
  let stranger: Pair;

  before(async () => {
    authority = await createPair([]);
    apiServer = await createPair(['kube-apiserver'], authority);
    withAltName = await createPair(['first', 'second'], authority);
    stranger = await createPair(['kube-apiserver'], await createPair([]));
  });

  async function start(names: readonly string[]): Promise<Guarded> {
    const refusals: Refusal[] = [];
    const pair = await servingPair();
    const check = createCallerCheck({
      paths: ['/mutate', '/validate/service-accounts'],
      names,
      bodyTurns: createBodyTurns(),
      onRefusal: (refusal) => refusals.push(refusal),
    });
    const routes = [check, review, createHealthRoutes(() => undefined)];
    const app = createApp({ routes, onFault: (error) => assert.fail(String(error)) });
    const listener = await listen(app, { port: 0, host: '127.0.0.1', pair, clientAuthorities: authority.cert });
    scope.onEnd(listener.close);
    return { ...listener, ca: pair.cert, refusals };
  }

  function agentOf(pair?: Pair): https.Agent {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ...pair });
    scope.onEnd(() => {
      agent.destroy();
    });
    return agent;
  }

  async function post(target: Guarded, pair?: Pair, path = '/mutate'): Promise<CallAnswer> {
    return call(target, path, { method: 'POST', agent: agentOf(pair) });
  }

  for (const path of ['/mutate', '/validate/service-accounts']) {
    it(`${path} takes a certificate of the authorities, and none other`, async () => {
      const target = await start([]);
      assert.equal((await post(target, apiServer, path)).body, 'reviewed');
      for (const [pair, code] of [
        [undefined, 'ERR_CLIENT_CERTIFICATE_MISSING'],
        [stranger, 'ERR_CLIENT_CERTIFICATE'],
      ] as const) {
        const { status, body, headers } = await post(target, pair, path);
        assert.deepEqual([status, headers.connection], [403, 'close']);
        assert.match(body, new RegExp(`^\\{"kind":"Status",.*"reason":"${code}"`));
        assert.equal(target.refusals.at(-1)?.code, code);
      }
    });
  }

  it('answers also who sends a large body, and not by a reset', async () => {
    const target = await start([]);
    const body = 'x'.repeat(5 * 1024 * 1024);
    const { status } = await call(target, '/mutate', { method: 'POST', body, agent: agentOf() });
    assert.equal(status, 403);
  });

  it('takes one that has a name of the list, as CN or DNS name, whole', async () => {
    for (const [names, pair, status] of [
      [['kube-apiserver'], apiServer, 200],
      [['other', 'second'], withAltName, 200],
      [['first'], withAltName, 200],
      [['kube-apiserver'], withAltName, 403],
      [['kube'], apiServer, 403],
      [['*'], apiServer, 403],
      [['kube-apiserver'], stranger, 403],
    ] as const) {
      const target = await start(names);
      assert.equal((await post(target, pair)).status, status, names.join());
    }
  });

  it('answers health to callers without a certificate, as kubelets are', async () => {
    const target = await start([]);
    for (const path of ['/healthz', '/livez', '/readyz']) assert.equal((await call(target, path)).body, 'ok');
  });

  it('resumes no session: each connection is verified', async () => {
    const { port, ca } = await start([]);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      let session: Buffer | undefined;
      for (let connections = 0; connections < 2; connections += 1) {
        const options = { port, host: '127.0.0.1', servername: 'localhost', ca, maxVersion, ...apiServer };
        const socket = connect({ ...options, ...(session && { session }) });
        scope.onEnd(() => socket.destroy());
        socket.on('session', (ticket: Buffer) => {
          session = ticket;
        });
        await once(socket, 'secureConnect');
        assert.equal(socket.isSessionReused(), false);
        socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
        await once(socket, 'data');
        session ??= socket.getSession();
      }
    }
  });

  it('verifies new connections by new authorities, and ends the open ones with their next answer', async () => {
    const target = await start([]);
    const agent = agentOf(apiServer);
    const { headers } = await call(target, '/mutate', { method: 'POST', agent });
    assert.equal(headers.connection, 'keep-alive');
    const next = await createPair([]);
    target.use({ clientAuthorities: next.cert });
    const last = await call(target, '/mutate', { method: 'POST', agent });
    assert.deepEqual([last.status, last.headers.connection], [200, 'close']);
    assert.equal((await call(target, '/mutate', { method: 'POST', agent })).status, 403);
    assert.equal((await post(target, await createPair(['kube-apiserver'], next))).status, 200);
  });
});
