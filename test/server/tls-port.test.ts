// The TLS port while its pair changes, and against callers who abuse handshakes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import https from 'node:https';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createSelfSignedPair, type SelfSignedPair } from '../../src/certificates/self-signed.ts';
import { handshakeErrorReason, handshakeTimeoutCode } from '../../src/server/handshake-errors.ts';
import { type ListenOptions, type Listener, listen } from '../../src/server/listen.ts';
import { createPair } from '../kubernetes/certificates.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';
import { call } from './call.ts';

const run = promisify(execFile);

/** Also by a reset, which `once` would reject with. */
async function ended(socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.once('close', resolve));
}

describe('server: the TLS port', () => {
  const scope = useScope();
  let first: SelfSignedPair;
  let second: SelfSignedPair;

  before(async () => {
    first = await createSelfSignedPair(['localhost']);
    second = await createSelfSignedPair(['localhost']);
  });

  async function start(options: Partial<ListenOptions> = {}): Promise<Listener> {
    const base = { port: 0, host: '127.0.0.1', pair: first };
    const listener = await listen((_, response) => response.end('ok'), { ...base, ...options });
    scope.onEnd(listener.close);
    return listener;
  }

  async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false, ...options });
    scope.onEnd(() => socket.destroy());
    await once(socket, 'secureConnect');
    return socket;
  }

  describe('use', () => {
    it('serves new connections with the new pair, and goes on with the open ones', async () => {
      const { port, use } = await start();
      const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
      scope.onEnd(() => {
        agent.destroy();
      });
      assert.equal((await call({ port, ca: first.cert }, '/', { agent })).body, 'ok');
      use({ pair: second });
      assert.equal((await call({ port, ca: first.cert }, '/', { agent })).body, 'ok');
      assert.equal((await call({ port, ca: second.cert }, '/')).body, 'ok');
      await assert.rejects(call({ port, ca: first.cert }, '/'));
    });

    it('loses no handshake among a hundred swaps', async () => {
      const authority = await createPair([]);
      const pairs = [await createPair(['localhost'], authority), await createPair(['localhost'], authority)] as const;
      const { port, use } = await start({ pair: pairs[0] });
      const ca = authority.cert;
      let answered = 0;
      const enough = new AbortController();
      const callers = Array.from({ length: 4 }, async () => {
        while (!enough.signal.aborted) {
          assert.equal((await call({ port, ca }, '/')).body, 'ok');
          answered += 1;
        }
      });
      for (let swaps = 0; swaps < 100; swaps += 1) {
        use({ pair: pairs[swaps % 2 === 0 ? 1 : 0] });
        await new Promise(setImmediate);
      }
      await eventually('calls', () => answered > 20);
      enough.abort();
      await Promise.all(callers);
    });

    it('keeps every other option: version, cipher suites, no renegotiation', async () => {
      const ciphers = 'TLS_AES_256_GCM_SHA384:ECDHE-ECDSA-AES256-GCM-SHA384';
      for (const minVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const { port, use } = await start({ tls: { minVersion, ciphers } });
        use({ pair: second });
        const old = handshake(port, { maxVersion: 'TLSv1.2' });
        if (minVersion === 'TLSv1.3') {
          await assert.rejects(old, /ALERT_PROTOCOL_VERSION|alert protocol version/);
          assert.equal((await handshake(port)).getCipher().name, 'TLS_AES_256_GCM_SHA384');
          continue;
        }
        const socket = await old;
        assert.equal(socket.getCipher().name, 'ECDHE-ECDSA-AES256-GCM-SHA384');
        socket.renegotiate({}, () => undefined);
        const [error] = (await once(socket, 'error')) as unknown[];
        assert.match(String(error), /no renegotiation/i);
        await assert.rejects(handshake(port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }));
      }
    });

    const bad: readonly (readonly [name: string, pair: () => { cert: string; key: string }])[] = [
      ['an empty pair', () => ({ cert: '', key: '' })],
      ['no key', () => ({ cert: second.cert, key: '' })],
      ['the key of another pair', () => ({ cert: second.cert, key: first.key })],
      ['no PEM', () => ({ cert: 'hello', key: 'hello' })],
    ];
    for (const [name, pair] of bad) {
      it(`throws for ${name}, and serves as before`, async () => {
        const { port, use } = await start();
        assert.throws(() => {
          use({ pair: pair() });
        });
        assert.equal((await call({ port, ca: first.cert }, '/')).body, 'ok');
      });
    }
  });

  describe('slow callers', () => {
    /** The real ones, a hundredth of them; the test of listen holds the one that callers are told of. */
    const timeouts = {
      headersTimeout: 320,
      requestTimeout: 350,
      keepAliveTimeout: 950,
      connectionsCheckingInterval: 10,
    };

    async function send(text: string, more: string): Promise<{ readonly text: string; readonly tookMs: number }> {
      const { port } = await start({ timeouts });
      const socket = await handshake(port);
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
      const startMs = performance.now();
      socket.write(text);
      const drip = setInterval(() => more !== '' && socket.writable && socket.write(more), 20);
      scope.onEnd(() => {
        clearInterval(drip);
      });
      socket.once('data', () => {
        clearInterval(drip);
      });
      await ended(socket);
      return { text: Buffer.concat(chunks).toString(), tookMs: performance.now() - startMs };
    }

    it('headers that dribble in are answered with 408, and the connection is closed', async () => {
      const { text } = await send('POST /mutate HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', 'a');
      assert.match(text, /^HTTP\/1\.1 408 /);
    });

    it('a connection that never says anything is closed after the time for headers', async () => {
      const { text } = await send('', '');
      assert.match(text, /^HTTP\/1\.1 408 /);
    });

    it('an idle connection is closed after its time', async () => {
      const { text, tookMs } = await send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', '');
      assert.match(text, /^HTTP\/1\.1 200 /);
      assert.ok(tookMs > 900, `${tookMs.toFixed(0)} ms`);
    });
  });

  describe('handshakes', function () {
    this.timeout(20_000);
    /** Of a record of 512 bytes, so that each further byte is one of a ClientHello. */
    const recordHead = [22, 3, 1, 2, 0];

    it('whose first bytes come one by one are made', async () => {
      const { port } = await start();
      const through = createServer((from) => {
        const to = connectTcp(port, '127.0.0.1');
        to.pipe(from);
        from.once('data', (hello: Buffer) => {
          void (async () => {
            for (const byte of hello) {
              to.write(Buffer.from([byte]));
              await nextTurn();
            }
            from.pipe(to);
          })();
        });
        for (const socket of [from, to]) socket.on('error', () => undefined);
        scope.onEnd(() => to.destroy());
      });
      await once(through.listen(0, '127.0.0.1'), 'listening');
      scope.onEnd(() => through.close());
      const address = through.address();
      assert.ok(typeof address === 'object' && address !== null);
      assert.equal((await call({ port: address.port, ca: first.cert }, '/')).body, 'ok');
    });

    it('that announce more than a record may hold are not waited for', async () => {
      const codes: string[] = [];
      const { port } = await start({ observer: { onHandshakeError: (code) => codes.push(code) } });
      const socket = connectTcp(port, '127.0.0.1').on('error', () => undefined);
      scope.onEnd(() => socket.destroy());
      socket.write(Buffer.from([22, 3, 1, 0x41, 0x01]));
      await eventually('the refusal', () => codes.length === 1);
      assert.notEqual(codes[0], handshakeTimeoutCode);
    });

    it('of callers who reset or end a connection before they begin are no fault, and not remembered', async () => {
      const codes: string[] = [];
      const { port, connectionCount } = await start({ observer: { onHandshakeError: (code) => codes.push(code) } });
      for (const leave of ['resetAndDestroy', 'end'] as const) {
        const socket = connectTcp(port, '127.0.0.1').on('error', () => undefined);
        await eventually('the connection', () => connectionCount() === 1);
        socket[leave]();
        await eventually('its end', () => connectionCount() === 0);
      }
      assert.deepEqual(codes, []);
      assert.equal((await call({ port, ca: first.cert }, '/')).body, 'ok');
    });

    for (const [name, everyMs, head] of [
      ['that never begin', undefined, []],
      ['that say no more', undefined, recordHead],
      ['that send a byte now and then', 500, recordHead],
    ] as const) {
      it(`${name} are cut after 5 s, and counted as such`, async () => {
        const codes: string[] = [];
        const { port, connectionCount } = await start({ observer: { onHandshakeError: (code) => codes.push(code) } });
        const startMs = performance.now();
        const socket = connectTcp(port, '127.0.0.1').on('error', () => undefined);
        scope.onEnd(() => socket.destroy());
        socket.write(Buffer.from(head));
        const drip = everyMs === undefined ? undefined : setInterval(() => socket.write('\u0001'), everyMs);
        scope.onEnd(() => {
          clearInterval(drip);
        });
        await eventually('the connection', () => connectionCount() === 1);
        socket.resume();
        await ended(socket);
        const tookMs = performance.now() - startMs;
        assert.ok(tookMs > 4_500, `${tookMs.toFixed(0)} ms`);
        await eventually('the count', () => codes.length > 0 && connectionCount() === 0);
        assert.deepEqual(codes, ['ERR_TLS_HANDSHAKE_TIMEOUT']);
      });
    }

    it('count by what went wrong', async () => {
      const codes: string[] = [];
      const { port } = await start({ observer: { onHandshakeError: (code) => codes.push(code) } });
      const http = connectTcp(port, '127.0.0.1').on('error', () => undefined);
      http.write('GET / HTTP/1.1\r\n\r\n');
      await eventually('plain HTTP', () => codes.length === 1);
      const gone = connectTcp(port, '127.0.0.1');
      gone.end(Buffer.from(recordHead));
      await eventually('a caller that goes away in the middle', () => codes.length === 2);
      // Node's own client ends the handshake first, and says nothing.
      const authority = join(await scope.folder(), 'ca.pem');
      await writeFile(authority, second.cert);
      const target = ['-connect', `127.0.0.1:${String(port)}`, '-CAfile', authority, '-verify_return_error'];
      await assert.rejects(run('openssl', ['s_client', ...target]));
      await eventually('a caller with another authority', () => codes.length === 3);
      assert.deepEqual(codes.map(handshakeErrorReason), ['not_tls', 'closed', 'certificate_refused']);
    });
  });
});
