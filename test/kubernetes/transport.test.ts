import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { inspect } from 'node:util';
import type { Connection, TlsOptions } from '../../src/kubernetes/connection.ts';
import { KubernetesError } from '../../src/kubernetes/errors.ts';
import { type ApiStream, createTransport, type Transport } from '../../src/kubernetes/transport.ts';
import { createPair, type Pair } from './certificates.ts';
import { eventually } from './eventually.ts';
import { type FakeApiServer, reset, startFakeApiServer } from './fake-api-server.ts';
import { useScope } from './scope.ts';

const authorization = 'Bearer a-secret-token';
const path = '/api/v1/namespaces/shop/serviceaccounts/cart';

const hang: RequestListener = () => undefined;
const ok: RequestListener = (_, response) => response.end('{}');

/** A port as /proc/net/tcp writes it. */
const portOf = (port: number | undefined) => `:${(port ?? 0).toString(16).toUpperCase().padStart(4, '0')} `;

/** What a call to `url` rejects with; no error may show the credential. */
async function faultOf(call: Promise<unknown>): Promise<KubernetesError> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof KubernetesError, inspect(error));
    assert.doesNotMatch(inspect(error, { depth: 9 }), /a-secret-token/);
    return error;
  }
  return assert.fail('the call was answered');
}

/** Answers the first request of each connection, and each later one as `then` says: with a reset. */
function answerOnceThenReset(then: RequestListener = ({ socket }) => reset(socket)): RequestListener {
  const used = new WeakSet<Socket>();
  return (request, response) => {
    if (used.has(request.socket)) return then(request, response);
    used.add(request.socket);
    response.end('{}');
  };
}

/** Sends the head of an answer and some of its body, then a reset. */
const resetInBody: RequestListener = ({ socket }, response) => {
  response.writeHead(200, { 'content-length': 1_000 });
  response.write('{', () => setTimeout(() => reset(socket), 5));
};

async function opened(call: ReturnType<Transport['stream']>): Promise<ApiStream> {
  const answer = await call;
  return 'chunks' in answer ? answer : assert.fail(`status ${answer.status}`);
}

async function textOf({ chunks }: ApiStream): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += chunk;
  return text;
}

describe('kubernetes/transport', () => {
  const scope = useScope();
  let authority: Pair;
  let otherAuthority: Pair;
  let serving: Pair;

  before(async () => {
    authority = await createPair([]);
    otherAuthority = await createPair([]);
    serving = await createPair(['127.0.0.1'], authority);
  });

  function connectionTo(url: string, changed: Partial<Connection> = {}): Connection {
    const tls: TlsOptions = { ca: authority.cert };
    return {
      origin: new URL(url),
      tls: () => tls,
      authorization: () => authorization,
      refused: () => undefined,
      ...changed,
    };
  }

  function transportTo(connection: Connection, maxBodyBytes?: number): Transport {
    const transport = createTransport(connection, {
      version: '1.2.3',
      ...(maxBodyBytes !== undefined && { maxBodyBytes }),
    });
    scope.onEnd(() => transport.close());
    return transport;
  }

  /** A server that accepts one credential, and a connection whose credential `refused` replaces. */
  async function startWithCredential(accepted: string, next: string) {
    const seen: (string | undefined)[] = [];
    const api = await startFakeApiServer(scope, ({ headers }, response) => {
      seen.push(headers.authorization);
      response.writeHead(headers.authorization === accepted ? 200 : 401).end('{}');
    });
    let held = 'Bearer old';
    const refused: (string | undefined)[] = [];
    const transport = transportTo(
      connectionTo(api.url, {
        authorization: () => held,
        refused: (value) => {
          refused.push(value);
          held = next;
        },
      }),
    );
    return { transport, seen, refused };
  }

  /** A server that hangs until `answerAll`, with its 32 connections in use. */
  async function startFull(): Promise<{ api: FakeApiServer; transport: Transport; answerAll: () => void }> {
    const waiting: ServerResponse[] = [];
    let hanging = true;
    const api = await startFakeApiServer(scope, (_, response) => {
      if (hanging) waiting.push(response);
      else response.end('{}');
    });
    const transport = transportTo(connectionTo(api.url));
    for (let call = 0; call < 32; call += 1) void transport.get(path, { timeoutMs: 60_000 }).catch(() => undefined);
    await eventually('32 calls to hang', () => waiting.length === 32);
    const answerAll = () => {
      hanging = false;
      for (const response of waiting) response.end('{}');
    };
    return { api, transport, answerAll };
  }

  /** A server that sends one line on each call and leaves it open. */
  async function startStreaming(tls?: Pair) {
    const open: ServerResponse[] = [];
    const answer: RequestListener = (_, response) => {
      open.push(response);
      response.writeHead(200).write('first\n');
    };
    const api = await startFakeApiServer(scope, answer, tls);
    return { api, open, transport: transportTo(connectionTo(api.url)) };
  }

  it('sends what the API server needs and returns its answer', async () => {
    const seen: IncomingMessage[] = [];
    const api = await startFakeApiServer(
      scope,
      (request, response) => {
        seen.push(request);
        response.writeHead(200, { 'x-a': 'b' }).end('{"kind":"ServiceAccount","née":"🦊"}');
      },
      serving,
    );
    const transport = transportTo(connectionTo(`${api.url}/k8s/clusters/c-1/`));
    const response = await transport.get(`${path}?limit=500`, { timeoutMs: 5_000 });
    assert.equal(response.status, 200);
    assert.equal(response.headers['x-a'], 'b');
    assert.deepEqual(JSON.parse(response.body), { kind: 'ServiceAccount', née: '🦊' });
    assert.equal(seen[0]?.method, 'GET');
    assert.equal(seen[0].url, `/k8s/clusters/c-1${path}?limit=500`);
    assert.equal(seen[0].headers.accept, 'application/json');
    assert.equal(seen[0].headers['user-agent'], 'irsa-webhook/1.2.3');
    assert.equal(seen[0].headers.authorization, authorization);
  });

  for (const host of ['[::1]', 'localhost']) {
    it(`names its host and port, and no header twice: ${host}`, async () => {
      const seen: string[][] = [];
      const server = createServer((request, response) => {
        seen.push(request.rawHeaders);
        response.end('{}');
      });
      await new Promise<void>((resolve) => server.listen({ port: 0, host: host === '[::1]' ? '::1' : host }, resolve));
      scope.onEnd(() => void server.close());
      const address = server.address();
      assert.ok(typeof address === 'object' && address !== null);
      const origin = `${host}:${address.port}`;
      const transport = transportTo(connectionTo(`http://${origin}`));
      for (let call = 0; call < 2; call += 1) await transport.get(path, { timeoutMs: 5_000 });
      const headers = ['Host', origin, 'Accept', 'application/json', 'User-Agent', 'irsa-webhook/1.2.3'];
      const expected = [...headers, 'Authorization', authorization, 'Connection', 'keep-alive'];
      assert.deepEqual(seen, [expected, expected]);
    });
  }

  it('sends no Authorization header without a credential', async () => {
    let headers: IncomingMessage['headers'] | undefined;
    const api = await startFakeApiServer(scope, (request, response) => {
      ({ headers } = request);
      response.end();
    });
    await transportTo(connectionTo(api.url, { authorization: () => undefined })).get(path, { timeoutMs: 5_000 });
    assert.ok(headers !== undefined && !('authorization' in headers));
  });

  for (const status of [201, 301, 403, 404, 410, 429, 500, 503]) {
    it(`returns status ${status} as an answer`, async () => {
      const api = await startFakeApiServer(scope, (_, response) => response.writeHead(status).end('why'));
      const response = await transportTo(connectionTo(api.url)).get(path, { timeoutMs: 5_000 });
      assert.deepEqual([response.status, response.body], [status, 'why']);
    });
  }

  describe('faults', () => {
    const faults: readonly {
      readonly name: string;
      readonly answer: RequestListener;
      readonly code: KubernetesError['code'];
      readonly message: RegExp;
      readonly timeoutMs?: number;
    }[] = [
      {
        name: 'reset before the answer',
        answer: (request) => reset(request.socket),
        code: 'ERR_KUBERNETES_CONNECTION',
        message: /ECONNRESET/,
      },
      {
        name: 'closed before the answer',
        answer: (request) => request.socket.destroy(),
        code: 'ERR_KUBERNETES_CONNECTION',
        message: /ECONNRESET/,
      },
      {
        name: 'closed in the middle of the body',
        answer: (_, response) => {
          response.writeHead(200, { 'content-length': 1000 }).write('{');
          response.write(' ', () => response.socket?.destroy());
        },
        code: 'ERR_KUBERNETES_CONNECTION',
        message: /ECONNRESET/,
      },
      {
        name: 'an answer that is not HTTP',
        answer: (request) => request.socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
        code: 'ERR_KUBERNETES_CONNECTION',
        message: /HPE_/,
      },
      {
        name: 'an upgrade that nobody asked for',
        answer: (request) =>
          request.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: spdy\r\n\r\n'),
        code: 'ERR_KUBERNETES_CONNECTION',
        message: /got/,
      },
      {
        name: 'no answer',
        answer: hang,
        code: 'ERR_KUBERNETES_TIMEOUT',
        message: /within 100 ms/,
        timeoutMs: 100,
      },
      {
        name: 'a body that drips',
        answer: (_, response) => {
          const drip = setInterval(() => response.write(' '), 10);
          response.on('close', () => clearInterval(drip));
        },
        code: 'ERR_KUBERNETES_TIMEOUT',
        message: /within 100 ms/,
        timeoutMs: 100,
      },
      {
        name: 'a body over the limit',
        answer: (_, response) => {
          response.writeHead(200, { 'content-length': 2_000 }).write(Buffer.alloc(1_001));
        },
        code: 'ERR_KUBERNETES_RESPONSE_TOO_LARGE',
        message: /at most 1000 bytes/,
      },
      {
        name: 'a body without end',
        answer: (_, response) => {
          const pour = setInterval(() => response.write(Buffer.alloc(100)), 1);
          response.on('close', () => clearInterval(pour));
        },
        code: 'ERR_KUBERNETES_RESPONSE_TOO_LARGE',
        message: /at most 1000 bytes/,
      },
    ];
    for (const { name, answer, code, message, timeoutMs = 5_000 } of faults) {
      it(`${name}: ${code}, and the connection is closed`, async () => {
        const api = await startFakeApiServer(scope, answer);
        const transport = transportTo(connectionTo(api.url), 1_000);
        const error = await faultOf(transport.get(`${path}?continue=abc`, { timeoutMs }));
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.ok(error.message.includes(`${api.url}${path}`) && !error.message.includes('continue'), error.message);
        assert.equal(api.connectionCount(), 1);
        await eventually('the connection to be closed', () => api.sockets.size === 0);
      });
    }

    it('a body of exactly the limit is whole', async () => {
      const api = await startFakeApiServer(scope, (_, response) => response.end(Buffer.alloc(1_000, 'x')));
      const { body } = await transportTo(connectionTo(api.url), 1_000).get(path, { timeoutMs: 5_000 });
      assert.equal(body, 'x'.repeat(1_000));
    });

    it('nothing listens: ERR_KUBERNETES_CONNECTION', async () => {
      const api = await startFakeApiServer(scope, ok);
      await new Promise((resolve) => api.server.close(resolve));
      const error = await faultOf(transportTo(connectionTo(api.url)).get(path, { timeoutMs: 5_000 }));
      assert.equal(error.code, 'ERR_KUBERNETES_CONNECTION');
      assert.match(error.message, /ECONNREFUSED.*nothing listens there/);
    });

    it('a path that HTTP cannot carry: ERR_KUBERNETES_CONNECTION', async () => {
      const transport = transportTo(connectionTo('http://127.0.0.1:9'));
      assert.equal((await faultOf(transport.get('/a b', { timeoutMs: 5_000 }))).code, 'ERR_KUBERNETES_CONNECTION');
    });

    it('no credential: the error of the connection', async () => {
      const refusal = new KubernetesError('ERR_KUBERNETES_CREDENTIAL', 'no token');
      const credential = () => Promise.reject(refusal);
      const transport = transportTo(connectionTo('http://127.0.0.1:9', { authorization: credential }));
      assert.equal(await faultOf(transport.get(path, { timeoutMs: 5_000 })), refusal);
    });

    const strangers: readonly { name: string; tls: () => TlsOptions; message: RegExp }[] = [
      {
        name: 'another CA of the same name',
        tls: () => ({ ca: otherAuthority.cert }),
        message: /CERT_SIGNATURE_FAILURE/,
      },
      { name: 'no CA', tls: () => ({}), message: /UNABLE_TO_VERIFY_LEAF_SIGNATURE/ },
      {
        name: 'another name',
        tls: () => ({ ca: authority.cert, servername: 'kubernetes.default.svc' }),
        message: /ERR_TLS_CERT_ALTNAME_INVALID/,
      },
    ];
    for (const { name, tls, message } of strangers) {
      it(`a certificate of ${name}: ERR_KUBERNETES_CERTIFICATE, and no credential is sent`, async () => {
        let requestCount = 0;
        const api = await startFakeApiServer(scope, () => (requestCount += 1), serving);
        const options = tls();
        const transport = transportTo(connectionTo(api.url, { tls: () => options }));
        const error = await faultOf(transport.get(path, { timeoutMs: 5_000 }));
        assert.equal(error.code, 'ERR_KUBERNETES_CERTIFICATE');
        assert.match(error.message, message);
        assert.equal(requestCount, 0);
      });
    }
  });

  describe('connections', () => {
    it('serve one call after another', async () => {
      const api = await startFakeApiServer(scope, ok, serving);
      const transport = transportTo(connectionTo(api.url));
      for (let call = 0; call < 50; call += 1) await transport.get(path, { timeoutMs: 5_000 });
      assert.equal(api.connectionCount(), 1);
    });

    it('are probed by TCP keep-alive while an answer is waited for', async function () {
      if (process.platform !== 'linux') this.skip();
      const api = await startFakeApiServer(scope, hang, serving);
      const transport = transportTo(connectionTo(api.url));
      const call = faultOf(transport.get(path, { timeoutMs: 10_000 }));
      await eventually('the connection', () => api.sockets.size === 1);
      const [socket] = api.sockets;
      const ends = new RegExp(`\\S+${portOf(socket?.remotePort)}\\S+${portOf(socket?.localPort)}`);
      const timers = async () => {
        const table = await readFile('/proc/net/tcp', 'utf8');
        return table.split('\n').find((row) => ends.test(row)) ?? '';
      };
      // proc(5): timer 02 is the keep-alive; its time to go is in hundredths of a second, here 15 s at most.
      let line = '';
      const deadline = performance.now() + 5_000;
      while (!/ 02:/.test(line) && performance.now() < deadline) line = await timers();
      const toGo = Number.parseInt(/ 02:([0-9A-F]{8})/.exec(line)?.[1] ?? '', 16);
      assert.ok(toGo > 1_000 && toGo <= 1_500, line);
      transport.close();
      assert.equal((await call).code, 'ERR_KUBERNETES_ABORTED');
    });

    for (const scheme of ['http', 'https'] as const) {
      it(`that died idle are replaced: one more try over ${scheme}`, async () => {
        const api = await startFakeApiServer(scope, answerOnceThenReset(), scheme === 'https' ? serving : undefined);
        const transport = transportTo(connectionTo(api.url));
        for (let call = 0; call < 5; call += 1) {
          assert.equal((await transport.get(path, { timeoutMs: 5_000 })).status, 200);
        }
        assert.equal(api.connectionCount(), 5);
      });
    }

    it('that died idle are replaced at once, however many there are', async () => {
      const api = await startFakeApiServer(scope, answerOnceThenReset());
      const transport = transportTo(connectionTo(api.url));
      const gets = () => Array.from({ length: 8 }, () => transport.get(path, { timeoutMs: 5_000 }));
      await Promise.all(gets());
      await eventually('eight idle connections', () => api.sockets.size === 8);
      assert.equal((await transport.get(path, { timeoutMs: 5_000 })).status, 200);
      assert.equal(api.connectionCount(), 9);
      // No later call meets one of the others.
      await eventually('all of them to be closed', () => api.sockets.size === 0);
    });

    it('that break in the middle of an answer are replaced as well', async () => {
      const api = await startFakeApiServer(scope, answerOnceThenReset(resetInBody));
      const transport = transportTo(connectionTo(api.url));
      for (let call = 0; call < 5; call += 1) {
        const { body } = await transport.get(path, { timeoutMs: 5_000 });
        assert.equal(body, '{}');
      }
      assert.equal(api.connectionCount(), 5);
    });

    it('that all break at once cost no call, however many wait: each second try has a connection of its own', async () => {
      let resets = 0;
      const api = await startFakeApiServer(
        scope,
        answerOnceThenReset(({ socket }) => {
          resets += 1;
          reset(socket);
        }),
      );
      const transport = transportTo(connectionTo(api.url));
      for (let round = 0; round < 10; round += 1) {
        // More than there are connections, so that some wait for one that another call leaves.
        const gets = Array.from({ length: 48 }, () => transport.get(path, { timeoutMs: 5_000 }));
        for (const { body } of await Promise.all(gets)) assert.equal(body, '{}');
      }
      assert.ok(resets > 100, `${resets} second tries`);
    });

    it('that break before any answer are not tried again, however many calls wait', async () => {
      let requests = 0;
      const api = await startFakeApiServer(scope, ({ socket }) => {
        requests += 1;
        reset(socket);
      });
      const transport = transportTo(connectionTo(api.url));
      const gets = Array.from({ length: 64 }, () => faultOf(transport.get(path, { timeoutMs: 5_000 })));
      for (const { code } of await Promise.all(gets)) assert.equal(code, 'ERR_KUBERNETES_CONNECTION');
      assert.equal(requests, 64);
    });

    it('that are made for second tries wait for none of the others', async () => {
      const held: ServerResponse[] = [];
      let isHolding = false;
      const used = new WeakSet<Socket>();
      const api = await startFakeApiServer(scope, ({ socket }, response) => {
        if (used.has(socket)) return reset(socket);
        used.add(socket);
        if (isHolding) held.push(response);
        else response.end('{}');
      });
      const transport = transportTo(connectionTo(api.url));
      const gets = () => Array.from({ length: 32 }, () => transport.get(path, { timeoutMs: 5_000 }));
      const late: Promise<{ readonly status: number }>[] = [];
      for (const heldCount of [32, 64]) {
        isHolding = false;
        await Promise.all(gets());
        isHolding = true;
        late.push(...gets());
        await eventually(`${heldCount} second tries at once`, () => held.length === heldCount);
      }
      for (const response of held) response.end('{}');
      for (const { status } of await Promise.all(late)) assert.equal(status, 200);
    });

    for (const [name, answer, code] of [
      ['an abort', hang, 'ERR_KUBERNETES_ABORTED'],
      [
        'a body over the limit',
        (_, response) => response.end(Buffer.alloc(2_000)),
        'ERR_KUBERNETES_RESPONSE_TOO_LARGE',
      ],
    ] satisfies (readonly [string, RequestListener, string])[]) {
      it(`that end by ${name} are not tried again`, async () => {
        let requests = 0;
        const counted: RequestListener = (request, response) => {
          requests += 1;
          answer(request, response);
        };
        const api = await startFakeApiServer(scope, answerOnceThenReset(counted));
        const transport = transportTo(connectionTo(api.url), 1_000);
        await transport.get(path, { timeoutMs: 5_000 });
        const abort = new AbortController();
        const call = faultOf(transport.get(path, { timeoutMs: 5_000, signal: abort.signal }));
        await eventually('the call to arrive', () => requests === 1);
        if (answer === hang) abort.abort();
        assert.equal((await call).code, code);
        await eventually('the connection to be closed', () => api.sockets.size === 0);
        assert.deepEqual([requests, api.connectionCount()], [1, 1]);
      });
    }

    it('of second tries are closed at the deadline', async () => {
      let requests = 0;
      const api = await startFakeApiServer(scope, ({ socket }, response) => {
        requests += 1;
        if (requests === 1) response.end('{}');
        else if (requests === 2) reset(socket);
      });
      const transport = transportTo(connectionTo(api.url));
      await transport.get(path, { timeoutMs: 5_000 });
      assert.equal((await faultOf(transport.get(path, { timeoutMs: 100 }))).code, 'ERR_KUBERNETES_TIMEOUT');
      assert.equal(requests, 3);
      await eventually('all connections to be closed', () => api.sockets.size === 0);
    });

    it('that the server closed while idle cost no call', async () => {
      const api = await startFakeApiServer(scope, ok);
      const transport = transportTo(connectionTo(api.url));
      for (let call = 0; call < 30; call += 1) {
        assert.equal((await transport.get(path, { timeoutMs: 5_000 })).status, 200);
        api.server.closeIdleConnections();
      }
    });

    const resets = [
      ['before the answer', ({ socket }) => reset(socket)],
      ['in the middle of it', resetInBody],
    ] satisfies (readonly [when: string, RequestListener])[];
    for (const [when, breakOff] of resets) {
      it(`that break again ${when} are not tried a third time`, async () => {
        let answered = false;
        let count = 0;
        const api = await startFakeApiServer(scope, (request, response) => {
          if (answered) {
            count += 1;
            return breakOff(request, response);
          }
          answered = true;
          response.end('{}');
        });
        const transport = transportTo(connectionTo(api.url));
        await transport.get(path, { timeoutMs: 5_000 });
        assert.equal((await faultOf(transport.get(path, { timeoutMs: 5_000 }))).code, 'ERR_KUBERNETES_CONNECTION');
        assert.equal(count, 2);
      });
    }
  });

  describe('a 401', () => {
    it('makes the connection read its credential again, and the call succeeds', async () => {
      const { transport, seen, refused } = await startWithCredential('Bearer new', 'Bearer new');
      assert.equal((await transport.get(path, { timeoutMs: 5_000 })).status, 200);
      assert.equal((await transport.get(path, { timeoutMs: 5_000 })).status, 200);
      assert.deepEqual(seen, ['Bearer old', 'Bearer new', 'Bearer new']);
      assert.deepEqual(refused, ['Bearer old']);
    });

    it('is returned after the second try', async () => {
      const { transport, seen, refused } = await startWithCredential('Bearer other', 'Bearer new');
      assert.equal((await transport.get(path, { timeoutMs: 5_000 })).status, 401);
      assert.deepEqual(seen, ['Bearer old', 'Bearer new']);
      assert.deepEqual(refused, ['Bearer old']);
    });
  });

  describe('deadline and abort', () => {
    it('an abort ends a call at once and closes its connection', async () => {
      const api = await startFakeApiServer(scope, hang);
      const abort = new AbortController();
      const started = performance.now();
      const call = faultOf(transportTo(connectionTo(api.url)).get(path, { timeoutMs: 60_000, signal: abort.signal }));
      await eventually('the call to arrive', () => api.sockets.size === 1);
      abort.abort();
      assert.equal((await call).code, 'ERR_KUBERNETES_ABORTED');
      assert.ok(performance.now() - started < 5_000);
      await eventually('the connection to be closed', () => api.sockets.size === 0);
    });

    it('a signal aborted before the call lets no connection be made', async () => {
      const api = await startFakeApiServer(scope, ok);
      const call = transportTo(connectionTo(api.url)).get(path, { timeoutMs: 5_000, signal: AbortSignal.abort() });
      assert.equal((await faultOf(call)).code, 'ERR_KUBERNETES_ABORTED');
      assert.equal(api.connectionCount(), 0);
    });

    it('a credential that never comes counts in the deadline, and is not used when it comes late', async () => {
      const api = await startFakeApiServer(scope, ok);
      const late = Promise.withResolvers<string>();
      const transport = transportTo(connectionTo(api.url, { authorization: () => late.promise }));
      assert.equal((await faultOf(transport.get(path, { timeoutMs: 50 }))).code, 'ERR_KUBERNETES_TIMEOUT');
      late.resolve('Bearer late');
      await new Promise(setImmediate);
      assert.equal(api.connectionCount(), 0);
    });

    it('waiting for one of the 32 connections counts in the deadline, and the next call is served', async () => {
      const { api, transport, answerAll } = await startFull();
      const started = performance.now();
      assert.equal((await faultOf(transport.get(path, { timeoutMs: 100 }))).code, 'ERR_KUBERNETES_TIMEOUT');
      assert.ok(performance.now() - started < 5_000);
      assert.equal(api.connectionCount(), 32);
      const next = transport.get(path, { timeoutMs: 5_000 });
      answerAll();
      assert.equal((await next).status, 200);
      assert.equal(api.connectionCount(), 32);
    });

    it('an abort ends a call that waits for a connection at once', async () => {
      const { transport } = await startFull();
      const abort = new AbortController();
      const call = faultOf(transport.get(path, { timeoutMs: 60_000, signal: abort.signal }));
      setImmediate(() => abort.abort());
      assert.equal((await call).code, 'ERR_KUBERNETES_ABORTED');
    });

    it('close() ends running and waiting calls, leaves no connection, and later calls are refused', async () => {
      const { api, transport } = await startFull();
      const calls = Array.from({ length: 40 }, () => faultOf(transport.get(path, { timeoutMs: 60_000 })));
      await new Promise(setImmediate);
      transport.close();
      for (const error of await Promise.all(calls)) assert.equal(error.code, 'ERR_KUBERNETES_ABORTED');
      await eventually('all connections to be closed', () => api.sockets.size === 0);
      assert.equal((await faultOf(transport.get(path, { timeoutMs: 5_000 }))).code, 'ERR_KUBERNETES_ABORTED');
      assert.equal(api.sockets.size, 0);
    });
  });

  describe('a change of TLS options', () => {
    it('verifies new connections by the new CA, and lets running calls end', async () => {
      const held: ServerResponse[] = [];
      const api = await startFakeApiServer(
        scope,
        (request, response) => {
          if (request.url === '/slow') held.push(response);
          else response.end('{}');
        },
        serving,
      );
      let tls: TlsOptions = { ca: authority.cert };
      const transport = transportTo(connectionTo(api.url, { tls: () => tls }));
      await Promise.all([1, 2].map(() => transport.get(path, { timeoutMs: 5_000 })));
      const slow = transport.get('/slow', { timeoutMs: 5_000 });
      await eventually('the slow call to arrive', () => held.length === 1);

      tls = { ca: otherAuthority.cert };
      assert.equal((await faultOf(transport.get(path, { timeoutMs: 5_000 }))).code, 'ERR_KUBERNETES_CERTIFICATE');
      await eventually('only the slow connection to be left', () => api.sockets.size === 1);
      held[0]?.end('{}');
      assert.equal((await slow).status, 200);
      await eventually('the old connection to be closed', () => api.sockets.size === 0);

      const renewed = await createPair(['127.0.0.1'], otherAuthority);
      if ('setSecureContext' in api.server) api.server.setSecureContext(renewed);
      assert.equal((await transport.get(path, { timeoutMs: 5_000 })).status, 200);
    });
  });

  describe('a stream', () => {
    const watchPath = '/api/v1/serviceaccounts?watch=true';

    it('is there with its headers, and hands on what comes as it comes', async () => {
      const { open, transport } = await startStreaming(serving);
      const { status, headers, chunks } = await opened(transport.stream(watchPath, { timeoutMs: 5_000 }));
      assert.equal(status, 200);
      assert.equal(headers['transfer-encoding'], 'chunked');
      const seen: string[] = [];
      for await (const chunk of chunks) {
        seen.push(chunk);
        if (seen.length === 1) open[0]?.write('second\n');
        else open[0]?.end();
      }
      assert.deepEqual(seen, ['first\n', 'second\n']);
    });

    it('has whole characters, however their bytes come', async () => {
      const api = await startFakeApiServer(scope, (_, response) => {
        const bytes = [...Buffer.from('née 🦊')];
        const next = () => {
          const byte = bytes.shift();
          if (byte === undefined) response.end();
          else response.write(Buffer.of(byte), () => setImmediate(next));
        };
        next();
      });
      const stream = await opened(transportTo(connectionTo(api.url)).stream(watchPath, { timeoutMs: 5_000 }));
      assert.equal(await textOf(stream), 'née 🦊');
    });

    it('outlives the limit for its headers', async () => {
      const { open, transport } = await startStreaming();
      const stream = await opened(transport.stream(watchPath, { timeoutMs: 50 }));
      setTimeout(() => open[0]?.end('late'), 150);
      assert.equal(await textOf(stream), 'first\nlate');
    });

    for (const status of [301, 401, 403, 410, 429, 503]) {
      it(`is none with status ${status}: its body is read to the end`, async () => {
        const api = await startFakeApiServer(scope, (_, response) => response.writeHead(status).end('why'));
        const answer = await transportTo(connectionTo(api.url)).stream(watchPath, { timeoutMs: 5_000 });
        assert.ok('body' in answer);
        assert.deepEqual([answer.status, answer.body], [status, 'why']);
      });
    }

    it('has its credential renewed after a 401', async () => {
      const { transport, seen } = await startWithCredential('Bearer new', 'Bearer new');
      const answer = await transport.stream(watchPath, { timeoutMs: 5_000 });
      assert.equal(answer.status, 200);
      assert.deepEqual(seen, ['Bearer old', 'Bearer new']);
      assert.ok('chunks' in answer);
      assert.equal(await textOf(answer), '{}');
    });

    it('that meets a connection that died idle is tried once more', async () => {
      const api = await startFakeApiServer(scope, answerOnceThenReset());
      const transport = transportTo(connectionTo(api.url));
      for (let call = 0; call < 3; call += 1) {
        assert.equal(await textOf(await opened(transport.stream(watchPath, { timeoutMs: 5_000 }))), '{}');
      }
      assert.equal(api.connectionCount(), 3);
    });

    it('leaves its connection to the next stream when it ends well', async () => {
      const api = await startFakeApiServer(scope, ok);
      const transport = transportTo(connectionTo(api.url));
      for (let call = 0; call < 5; call += 1) {
        await textOf(await opened(transport.stream(watchPath, { timeoutMs: 5_000 })));
      }
      assert.equal(api.connectionCount(), 1);
    });

    it('takes no connection from the reads: 32 streams and 32 reads at once', async () => {
      const reads: ServerResponse[] = [];
      const api = await startFakeApiServer(scope, (request, response) => {
        if (request.url === path) reads.push(response);
        else response.writeHead(200).flushHeaders();
      });
      const transport = transportTo(connectionTo(api.url));
      const streams = Array.from({ length: 32 }, () => opened(transport.stream(watchPath, { timeoutMs: 5_000 })));
      await Promise.all(streams);
      const gets = Array.from({ length: 32 }, () => transport.get(path, { timeoutMs: 5_000 }));
      await eventually('32 reads', () => reads.length === 32);
      for (const response of reads) response.end('{}');
      for (const { status } of await Promise.all(gets)) assert.equal(status, 200);
      assert.equal(api.connectionCount(), 64);
    });

    const headerFaults: readonly (readonly [name: string, answer: RequestListener, code: string])[] = [
      ['no headers', hang, 'ERR_KUBERNETES_TIMEOUT'],
      ['a reset', (request) => reset(request.socket), 'ERR_KUBERNETES_CONNECTION'],
      ['a refusal that never ends', (_, response) => response.writeHead(503).flushHeaders(), 'ERR_KUBERNETES_TIMEOUT'],
    ];
    for (const [name, answer, code] of headerFaults) {
      it(`with ${name}: ${code}, and the connection is closed`, async () => {
        const api = await startFakeApiServer(scope, answer);
        const call = transportTo(connectionTo(api.url)).stream(watchPath, { timeoutMs: 100 });
        assert.equal((await faultOf(call)).code, code);
        await eventually('the connection to be closed', () => api.sockets.size === 0);
      });
    }

    for (const scheme of ['http', 'https'] as const) {
      it(`over ${scheme} that is reset: ERR_KUBERNETES_CONNECTION after what came before`, async () => {
        const { api, transport } = await startStreaming(scheme === 'https' ? serving : undefined);
        const { chunks } = await opened(transport.stream(watchPath, { timeoutMs: 5_000 }));
        const seen: string[] = [];
        const reading = faultOf(
          (async () => {
            for await (const chunk of chunks) {
              seen.push(chunk);
              for (const socket of api.sockets) reset(socket);
            }
          })(),
        );
        assert.equal((await reading).code, 'ERR_KUBERNETES_CONNECTION');
        assert.deepEqual(seen, ['first\n']);
      });

      it(`over ${scheme} that is aborted ends at once: ERR_KUBERNETES_ABORTED`, async () => {
        const { api, transport } = await startStreaming(scheme === 'https' ? serving : undefined);
        const abort = new AbortController();
        const stream = await opened(transport.stream(watchPath, { timeoutMs: 5_000, signal: abort.signal }));
        const reading = faultOf(textOf(stream));
        setTimeout(() => abort.abort(), 20);
        const startedMs = performance.now();
        assert.equal((await reading).code, 'ERR_KUBERNETES_ABORTED');
        assert.ok(performance.now() - startedMs < 1_000);
        await eventually('the connection to be closed', () => api.sockets.size === 0);
      });
    }

    it('that nobody reads yet fails without a word, and tells its reader later', async () => {
      const { api, transport } = await startStreaming();
      const stream = await opened(transport.stream(watchPath, { timeoutMs: 5_000 }));
      for (const socket of api.sockets) reset(socket);
      await eventually('the connection to be closed', () => api.sockets.size === 0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal((await faultOf(textOf(stream))).code, 'ERR_KUBERNETES_CONNECTION');
    });

    it('that nobody reads is closed by an abort all the same', async () => {
      const { api, transport } = await startStreaming();
      const abort = new AbortController();
      const stream = await opened(transport.stream(watchPath, { timeoutMs: 5_000, signal: abort.signal }));
      abort.abort();
      await eventually('the connection to be closed', () => api.sockets.size === 0);
      assert.equal((await faultOf(textOf(stream))).code, 'ERR_KUBERNETES_ABORTED');
    });

    it('is closed when its reader leaves', async () => {
      const { api, transport } = await startStreaming();
      const { chunks } = await opened(transport.stream(watchPath, { timeoutMs: 5_000 }));
      for await (const chunk of chunks) {
        assert.equal(chunk, 'first\n');
        break;
      }
      await eventually('the connection to be closed', () => api.sockets.size === 0);
    });

    it('is ended by close(), and none is opened after it', async () => {
      const { api, transport } = await startStreaming();
      const reading = faultOf(textOf(await opened(transport.stream(watchPath, { timeoutMs: 5_000 }))));
      transport.close();
      assert.equal((await reading).code, 'ERR_KUBERNETES_ABORTED');
      await eventually('the connection to be closed', () => api.sockets.size === 0);
      const late = transport.stream(watchPath, { timeoutMs: 5_000 });
      assert.equal((await faultOf(late)).code, 'ERR_KUBERNETES_ABORTED');
    });

    it('goes on when the TLS options change', async () => {
      const { api, open } = await startStreaming(serving);
      let tls: TlsOptions = { ca: authority.cert };
      const transport = transportTo(connectionTo(api.url, { tls: () => tls }));
      const stream = await opened(transport.stream(watchPath, { timeoutMs: 5_000 }));
      tls = { ca: otherAuthority.cert };
      const next = transport.stream(watchPath, { timeoutMs: 5_000 });
      assert.equal((await faultOf(next)).code, 'ERR_KUBERNETES_CERTIFICATE');
      open[0]?.end('on');
      assert.equal(await textOf(stream), 'first\non');
      await eventually('the connection to be closed', () => api.sockets.size === 0);
    });
  });

  it('reads a longer body where the call allows it', async () => {
    const api = await startFakeApiServer(scope, (_, response) => response.end('x'.repeat(2_000)));
    const transport = transportTo(connectionTo(api.url), 1_000);
    assert.equal((await faultOf(transport.get(path, { timeoutMs: 5_000 }))).code, 'ERR_KUBERNETES_RESPONSE_TOO_LARGE');
    const { body } = await transport.get(path, { timeoutMs: 5_000, maxBodyBytes: 2_000 });
    assert.equal(body.length, 2_000);
  });
});
