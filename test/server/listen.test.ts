// Ports: time limits that callers see, and an end that loses no call.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type Listener, listen } from '../../src/server/listen.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';
import { call } from './call.ts';
import { servingPair } from './serving-pair.ts';

/** Long enough to be no reason for the end of any test here. */
const neverMs = 60_000;
const patiently = { delayMs: 0, hardEndMs: neverMs };

describe('server/listen', () => {
  const scope = useScope();

  async function start(app: RequestListener): Promise<Listener> {
    const listener = await listen(app, { port: 0, host: '127.0.0.1' });
    scope.onEnd(() => listener.close());
    return listener;
  }

  /** Answers when the test says so. */
  async function startHeld(): Promise<Listener & { readonly held: ServerResponse[] }> {
    const held: ServerResponse[] = [];
    const listener = await start((_: IncomingMessage, response) => held.push(response));
    return { ...listener, held };
  }

  async function openConnection(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    scope.onEnd(() => socket.destroy());
    socket.on('error', () => undefined).resume();
    await once(socket, 'connect');
    return socket;
  }

  function keepingAgent(): http.Agent {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    scope.onEnd(() => {
      agent.destroy();
    });
    return agent;
  }

  it('keeps idle connections longer than the API server does, and says so', async () => {
    const { port } = await start((_, response) => response.end('ok'));
    const { headers } = await call({ port }, '/', { agent: keepingAgent() });
    assert.equal(headers.connection, 'keep-alive');
    assert.equal(headers['keep-alive'], 'timeout=95');
  });

  it('serves one call after another on a connection', async () => {
    const connections = new Set<Socket>();
    const { port } = await start(({ socket }, response) => {
      connections.add(socket);
      response.end('ok');
    });
    const agent = keepingAgent();
    for (let calls = 0; calls < 3; calls += 1) await call({ port }, '/', { agent });
    assert.equal(connections.size, 1);
  });

  it('serves TLS with a pair and plain HTTP without one', async () => {
    const pair = await servingPair();
    const secure = await listen((_, response) => response.end('secure'), { port: 0, pair });
    scope.onEnd(() => secure.close());
    assert.equal((await call({ port: secure.port, ca: pair.cert }, '/')).body, 'secure');
    const plain = await start((_, response) => response.end('plain'));
    assert.equal((await call({ port: plain.port }, '/')).body, 'plain');
  });

  it('says which port is taken', async () => {
    const { port } = await start(() => undefined);
    await assert.rejects(
      listen(() => undefined, { port, host: '127.0.0.1' }),
      {
        name: 'ListenError',
        code: 'ERR_LISTEN',
        message: `cannot listen on port ${String(port)}: listen EADDRINUSE: address already in use 127.0.0.1:${String(port)}`,
      },
    );
  });

  it('says which number is none of a port', async () => {
    for (const port of [-1, 65_536]) {
      await assert.rejects(
        listen(() => undefined, { port }),
        ({ name, message }: Error) =>
          name === 'ListenError' && message.startsWith(`cannot listen on port ${String(port)}: `),
      );
    }
  });

  describe('drain', () => {
    it('lets a call in flight end, and tells its caller that the connection ends with it', async () => {
      const { port, drain, held } = await startHeld();
      const answer = call({ port }, '/', { agent: keepingAgent() });
      await eventually('the call', () => held.length === 1);
      const end = drain(patiently);
      held[0]?.end('late');
      const { status, headers, body } = await answer;
      assert.deepEqual([status, body, headers.connection], [200, 'late', 'close']);
      await end;
    });

    it('cuts a caller that has stopped in the middle of its headers, and only that one', async () => {
      const { port, drain, held } = await startHeld();
      const answer = call({ port }, '/');
      await eventually('the call', () => held.length === 1);
      const half = connect(port, '127.0.0.1').on('error', () => undefined);
      scope.onEnd(() => half.destroy());
      half.write('GET / HTTP/1.1\r\nHost: a\r\n');
      await eventually('the half', () => half.bytesWritten > 0 && !half.connecting);
      const end = drain(patiently);
      await eventually('the cut', () => half.closed);
      held[0]?.end('late');
      assert.equal((await answer).body, 'late');
      await end;
    });

    it('waits for the call in flight', async () => {
      const { port, drain, held } = await startHeld();
      const answer = call({ port }, '/');
      await eventually('the call', () => held.length === 1);
      const idle = await openConnection(port);
      let drained = false;
      const end = (async () => {
        await drain(patiently);
        drained = true;
      })();
      // The sweep that closes this one has run, and has not cut the other.
      await eventually('the end of the idle connection', () => idle.closed);
      assert.equal(drained, false);
      held[0]?.end();
      assert.equal((await answer).status, 200);
      await end;
    });

    it('answers what is sent on an open connection meanwhile, for the last time', async () => {
      const { port, drain, held } = await startHeld();
      const socket = connect(port, '127.0.0.1');
      scope.onEnd(() => socket.destroy());
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      const text = () => Buffer.concat(chunks).toString('latin1');
      // Two at once: the second is read before the first is answered, and waits.
      socket.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\n');
      await eventually('the first call', () => held.length === 1);
      held[0]?.writeHead(200, { 'Content-Length': '4' });
      held[0]?.write('on');
      const end = drain(patiently);
      socket.write('GET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
      await eventually('the second call', () => held.length === 2);
      held[0]?.end('e.');
      held[1]?.end('two.');
      await end;
      await eventually('the end of the connection', () => socket.closed);
      const [first = '', second = ''] = text().split('one.');
      assert.match(first, /Connection: keep-alive/);
      assert.match(second, /Connection: close\r\n.*two\.$/s);
    });

    it('closes idle connections, those that never sent anything too', async () => {
      const { port, drain } = await start((_, response) => response.end('ok'));
      const agent = keepingAgent();
      await call({ port }, '/', { agent });
      const silent = await openConnection(port);
      await drain(patiently);
      await eventually('the end of the silent connection', () => silent.closed);
      await eventually('the end of the idle connection', () => Object.keys(agent.freeSockets).length === 0);
    });

    it('closes a connection whose answer had promised to keep it', async () => {
      const { port, drain, held } = await startHeld();
      const agent = keepingAgent();
      const answer = call({ port }, '/', { agent });
      await eventually('the call', () => held.length === 1);
      held[0]?.writeHead(200, { 'Content-Length': '4' }).flushHeaders();
      const end = drain(patiently);
      held[0]?.end('late');
      assert.equal((await answer).headers.connection, 'keep-alive');
      await end;
    });

    it('answers new calls while the delay lasts, each with the word that its connection ends, then refuses connections', async () => {
      const { port, drain, held } = await startHeld();
      const answer = call({ port }, '/');
      await eventually('the call', () => held.length === 1);
      const end = drain({ delayMs: 300, hardEndMs: neverMs });
      const late = call({ port }, '/', { agent: keepingAgent() });
      await eventually('the late call', () => held.length === 2);
      held[1]?.end();
      assert.equal((await late).headers.connection, 'close');
      let refused = '';
      const knocking = setInterval(() => {
        const probe = connect(port, '127.0.0.1', () => probe.destroy());
        probe.on('error', ({ code = '' }: NodeJS.ErrnoException) => (refused = code));
      }, 20);
      scope.onEnd(() => {
        clearInterval(knocking);
      });
      await eventually('the refusal', () => refused === 'ECONNREFUSED');
      held[0]?.end();
      await answer;
      await end;
    });

    it('loses no call of callers that go on calling until they are told that their connection ends', async () => {
      const { port, drain } = await start((_, response) => response.end('ok'));
      let answered = 0;
      const caller = async (): Promise<string | undefined> => {
        const agent = keepingAgent();
        for (;;) {
          const { headers } = await call({ port }, '/', { agent });
          answered += 1;
          if (headers.connection === 'close') return headers.connection;
        }
      };
      const callers = Array.from({ length: 8 }, caller);
      await eventually('some calls', () => answered > 200);
      await drain(patiently);
      assert.deepEqual(
        await Promise.all(callers),
        Array.from({ length: 8 }, () => 'close'),
      );
    });

    it('cuts what is left at the hard end', async () => {
      const { port, drain, held } = await startHeld();
      const answer = call({ port }, '/');
      await eventually('the call', () => held.length === 1);
      const cut = assert.rejects(answer, { code: 'ECONNRESET' });
      await drain({ delayMs: 0, hardEndMs: 20 });
      await cut;
    });

    it('can be asked for twice', async () => {
      const { drain } = await start(() => undefined);
      await Promise.all([drain(patiently), drain(patiently)]);
      await drain(patiently);
    });
  });
});
