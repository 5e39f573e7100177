// Every bad call that we could think of, over real TLS sockets: its exact answer, and a server that lives on.
import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { type BodyBudget, createBodyBudget, maxBodyBytes } from '../../src/server/body.ts';
import { createReview, uid } from '../admission/reviews.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';
import { callText, chunkText, openTls, type RawAnswer } from './raw-tls.ts';
import { startWebhook, type TestWebhook } from './webhook.ts';

const goodBody = JSON.stringify(createReview());

/** What the API server would show of a refusal, word for word. */
function statusBody(statusCode: number, reason: string, code: string, message: string): string {
  return (
    `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"${message}",` +
    `"reason":"${reason}","details":{"causes":[{"reason":"${code}","message":"${message}"}]},"code":${String(statusCode)}}`
  );
}

const noPath = statusBody(400, 'BadRequest', 'ERR_REQUEST_TARGET', 'expected a path and a query');
const notFound = statusBody(404, 'NotFound', 'ERR_NOT_FOUND', 'nothing is served under this path');
const notPost = (path: string) =>
  statusBody(405, 'MethodNotAllowed', 'ERR_METHOD_NOT_ALLOWED', `${path} answers POST only`);
const notJsonMedia = statusBody(
  415,
  'UnsupportedMediaType',
  'ERR_MEDIA_TYPE',
  'expected Content-Type application/json',
);
const encoded = statusBody(
  415,
  'UnsupportedMediaType',
  'ERR_CONTENT_ENCODING',
  'expected a body without Content-Encoding',
);
const tooLarge = statusBody(
  413,
  'RequestEntityTooLarge',
  'ERR_BODY_TOO_LARGE',
  'expected a body of at most 7340032 bytes, got more',
);
const badRequest = (code: string, message: string) => statusBody(400, 'BadRequest', code, message);
const notJson = badRequest('ERR_REVIEW_NOT_JSON', 'expected a body of JSON, got something else');
const tooDeep = badRequest('ERR_REVIEW_TOO_DEEP', 'expected JSON of some levels, got it nested too deeply');
const notReview = badRequest(
  'ERR_REVIEW_MALFORMED',
  'expected kind AdmissionReview of apiVersion admission.k8s.io/v1 or admission.k8s.io/v1beta1, got something else',
);
const noRequest = badRequest('ERR_REVIEW_NO_REQUEST', 'expected an object in the field request, got none');
const noUid = badRequest(
  'ERR_REVIEW_NO_UID',
  'expected a text of 1 to 256 characters in the field request.uid, got none',
);

type Row = {
  readonly name: string;
  /** What is written to the connection. */
  readonly call: string;
  readonly method?: string;
  readonly status: number;
  readonly body: string;
  readonly allow?: string;
  /** The connection stays open where this is not given. */
  readonly closes?: true;
};

/** What each path that takes reviews answers in the same way. */
const paths = ['/mutate', '/validate/service-accounts'];

const methodRows: Row[] = paths.flatMap((path) =>
  METHODS.filter((method) => !['POST', 'CONNECT'].includes(method)).map((method) => ({
    name: `${method} ${path}`,
    call: callText(method === 'GET' || method === 'HEAD' ? '' : goodBody, { method, path }),
    method,
    status: 405,
    body: method === 'HEAD' ? '' : notPost(path),
    allow: 'POST',
  })),
);

const pathRows: Row[] = [
  '/',
  '/mutate/',
  '/Mutate',
  '/mutate/x',
  '//mutate',
  '/mutate%2F',
  '/%6Dutate',
  '/%E0%A4%A',
  '/..%2F..%2Fetc%2Fpasswd',
  '/validate',
  '/validate/',
  '/validate/service-accounts/',
  '/validate/Service-Accounts',
  '/validate/service-accounts/x',
  '/validate/pods',
  '/metrics',
  '/debug/alpha/cache',
].map((path) => ({ name: `POST ${path}`, call: callText(goodBody, { path }), status: 404, body: notFound }));

/** What Node's parser lets through, but is no path. */
const targetRows: Row[] = ['*', '/mutate#x', '/livez#', 'ftp://localhost/mutate', 'http:///mutate'].map((path) => ({
  name: `POST ${path}`,
  call: callText(goodBody, { path }),
  status: 400,
  body: noPath,
}));

const mediaRows = (path: string): Row[] =>
  [undefined, '', 'text/plain', 'application/yaml', 'application/jsonx', 'charset=utf-8'].map((mediaType) => ({
    name: `Content-Type ${String(mediaType)}`,
    call: callText(goodBody, { path, headers: { 'Content-Type': mediaType } }),
    status: 415,
    body: notJsonMedia,
  }));

const encodingRows = (path: string): Row[] =>
  ['gzip', 'GZIP', 'deflate', 'br', 'gzip, identity'].map((encoding) => ({
    name: `Content-Encoding ${encoding}`,
    call: callText(goodBody, { path, headers: { 'Content-Encoding': encoding } }),
    status: 415,
    body: encoded,
  }));

const bodyRows = (path: string): Row[] =>
  [
    ['no body', '', notJson],
    ['white space', ' \n ', notJson],
    ['{', '{', notJson],
    ['a byte order mark', `\uFEFF${goodBody}`, notJson],
    ['a NUL', '\0', notJson],
    ['deep nesting that never ends', '['.repeat(100_000), tooDeep],
    ['deep nesting of lists', '['.repeat(100_000) + ']'.repeat(100_000), tooDeep],
    ['deep nesting of objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000), tooDeep],
    ['a list', `[${goodBody}]`, notReview],
    ['null', 'null', notReview],
    ['another kind', JSON.stringify(createReview({}, { kind: 'Pod' })), notReview],
    ['another version', JSON.stringify(createReview({}, { apiVersion: 'admission.k8s.io/v2' })), notReview],
    ['no request', JSON.stringify(createReview({}, { request: undefined })), noRequest],
    ['a list for a request', JSON.stringify(createReview({}, { request: [] })), noRequest],
    ['no UID', JSON.stringify(createReview({ uid: undefined })), noUid],
    ['a numeric UID', JSON.stringify(createReview({ uid: 7 })), noUid],
    ['a huge UID', JSON.stringify(createReview({ uid: 'u'.repeat(1_000_000) })), noUid],
  ].map(([name = '', body = '', answer = '']) => ({
    name,
    call: callText(body, { path }),
    status: 400,
    body: answer,
    // Those that are so long are read no further.
    ...(answer === tooDeep && { closes: true }),
  }));

const sizeRows = (path: string): Row[] => [
  {
    name: '7 MiB and a byte with its length',
    call: callText(padded(maxBodyBytes + 1), { path }),
    status: 413,
    body: tooLarge,
    closes: true,
  },
  {
    name: '7 MiB and a byte in chunks',
    call: callText('', {
      path,
      headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
    }).concat(chunkText(padded(maxBodyBytes)), chunkText(' '), '0\r\n\r\n'),
    status: 413,
    body: tooLarge,
    closes: true,
  },
  {
    name: 'a length of 7 MiB and a byte, before any of it is sent',
    call: callText('', { path, headers: { 'Content-Length': String(maxBodyBytes + 1), Expect: '100-continue' } }),
    status: 413,
    body: tooLarge,
    closes: true,
  },
];

/** Refused by Node before there is a call. */
const httpRows: Row[] = [
  ['headers of 20 KB', 431, callText(goodBody, { headers: { 'X-Long': 'x'.repeat(20_000) } })],
  ['a path of 20 KB', 431, callText(goodBody, { path: `/${'x'.repeat(20_000)}` })],
  ['no HTTP at all', 400, 'hello?\r\n\r\n'],
  ['two lengths', 400, callText(goodBody, { headers: { 'content-length': '1' } })],
  ['length and chunks', 400, callText(goodBody, { headers: { 'Transfer-Encoding': 'chunked' } })],
  ['a length below zero', 400, callText('', { headers: { 'Content-Length': '-1' } })],
  ['a length in words', 400, callText('', { headers: { 'Content-Length': 'seven' } })],
  ['no Host', 400, callText(goodBody, { headers: { Host: undefined } })],
  [
    'a chunk that has no length',
    400,
    callText('', { headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' } }).concat('zz\r\n'),
  ],
].map(([name = '', status = 0, call = '']) => ({
  name: String(name),
  call: String(call),
  status: Number(status),
  body: '',
  closes: true,
}));

/** A good review of exactly so many bytes. */
function padded(bytes: number): string {
  return goodBody + ' '.repeat(bytes - Buffer.byteLength(goodBody));
}

/** Whether so many bytes are free. */
function hasRoomFor(budget: BodyBudget, bytes: number): boolean {
  const isTaken = budget.take(bytes);
  if (isTaken) budget.giveBack(bytes);
  return isTaken;
}

function assertGood(answer: RawAnswer | undefined): void {
  assert.ok(answer);
  assert.equal(answer.status, 200, answer.body);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.ok(
    answer.body.startsWith(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"${uid}"`),
  );
}

describe('server: bad requests', () => {
  const stops: (() => unknown)[] = [];
  let webhook: TestWebhook;

  // One server for all of them, so that the last good review is answered by one that went through it all.
  before(async () => {
    webhook = await startWebhook({ onEnd: (stop) => stops.push(stop) });
  });
  after(async () => {
    for (const stop of stops) await stop();
  });

  const scope = useScope();

  afterEach('the server is alive and had no fault', async () => {
    await assertAlive(webhook);
  });

  async function assertAlive(server: TestWebhook): Promise<void> {
    const connection = await openTls(scope, server);
    connection.socket.write(callText(goodBody, { headers: { Connection: 'close' } }));
    assertGood((await connection.answers(1))[0]);
    assert.deepEqual(server.faults, []);
    // The scope's own afterEach has run by now.
    connection.socket.destroy();
  }

  const rows: Readonly<Record<string, readonly Row[]>> = {
    methods: methodRows,
    paths: pathRows,
    'request targets': targetRows,
    http: httpRows,
    ...Object.fromEntries(
      paths.flatMap((path) => [
        [`media types of ${path}`, mediaRows(path)],
        [`encodings of ${path}`, encodingRows(path)],
        [`bodies of ${path}`, bodyRows(path)],
        [`sizes of ${path}`, sizeRows(path)],
      ]),
    ),
  };
  for (const [title, table] of Object.entries(rows)) {
    describe(title, () => {
      for (const row of table) {
        it(`${row.name}: ${String(row.status)}`, async () => {
          const connection = await openTls(scope, webhook);
          connection.socket.write(row.call);
          const answers = await connection.answers(1, row.method);
          assert.equal(answers.length, 1);
          const [{ status, headers, body } = assert.fail()] = answers;
          assert.equal(status, row.status);
          assert.equal(body, row.body);
          assert.equal(headers['allow'], row.allow);
          if (row.body !== '') assert.equal(headers['content-type'], 'application/json');
          assert.equal(headers['connection'], row.closes ? 'close' : 'keep-alive');
          if (row.closes) await eventually('the end of the connection', connection.isClosed);
          assert.deepEqual(connection.errors, []);
        });
      }
    });
  }

  describe('media types that are good', () => {
    for (const mediaType of ['application/json; charset=utf-8', 'APPLICATION/JSON', ' application/json ;x=y']) {
      it(mediaType, async () => {
        const connection = await openTls(scope, webhook);
        connection.socket.write(
          callText(goodBody, { headers: { 'Content-Type': mediaType, 'Content-Encoding': 'Identity' } }),
        );
        assertGood((await connection.answers(1))[0]);
      });
    }
  });

  it('counts a refusal whose caller is gone before the end of it', async () => {
    const counted = await startWebhook(scope);
    const connection = await openTls(scope, counted);
    connection.socket.write(callText('', { headers: { 'Content-Length': String(maxBodyBytes + 1) } }));
    assert.equal((await connection.answers(1))[0]?.status, 413);
    connection.socket.destroy();
    await eventually('the count', () => counted.calls.length === 1);
    assert.deepEqual(counted.calls, ['POST /mutate 413']);
  });

  describe('bodies that together take too much', () => {
    it('are refused with 503 and a second to wait, and hold nothing once they are gone', async () => {
      const tight = await startWebhook(scope, { bodyBudget: createBodyBudget(1_000) });
      const body = JSON.stringify(createReview());
      assert.ok(body.length > 100 && body.length < 900);
      const holder = await openTls(scope, tight);
      holder.socket.write(callText('x'.repeat(1_500)).slice(0, -600));
      const second = async (): Promise<RawAnswer | undefined> => {
        const connection = await openTls(scope, tight);
        connection.socket.write(callText(body));
        return (await connection.answers(1))[0];
      };
      let refused: RawAnswer | undefined;
      // Until the bytes of the first one have arrived.
      for (let tries = 0; tries < 50 && refused?.status !== 503; tries += 1) refused = await second();
      assert.equal(refused?.status, 503);
      assert.equal(refused.headers['retry-after'], '1');
      assert.match(refused.body, /"message":"too many large bodies are being read at once; try again"/);

      holder.socket.destroy();
      let answer: RawAnswer | undefined;
      for (let tries = 0; tries < 50 && answer?.status !== 200; tries += 1) answer = await second();
      assert.equal(answer?.status, 200);
    });

    it('are ended, the slowest first, where they keep out one that comes at once', async () => {
      const slowMs = 50;
      const body = JSON.stringify(createReview());
      const budget = createBodyBudget(1_000, slowMs);
      const tight = await startWebhook(scope, { bodyBudget: budget });
      const slow = await openTls(scope, tight);
      slow.socket.write(callText('x'.repeat(1_500)).slice(0, -600));
      await eventually('the part of the slow one', () => !hasRoomFor(budget, 200));
      await sleep(slowMs * 2);
      const good = await openTls(scope, tight);
      good.socket.write(callText(body));
      assertGood((await good.answers(1))[0]);
      const [refused] = await slow.answers(1);
      assert.deepEqual([refused?.status, refused?.headers['connection']], [503, 'close']);
      assert.match(refused?.body ?? '', /ERR_BODY_BUDGET/);
      assert.equal(hasRoomFor(budget, 1_000), true, 'nothing is held any more');
    });

    it('are ended also where the slowest is the one that needs more', async () => {
      const slowMs = 50;
      const budget = createBodyBudget(1_000, slowMs);
      const tight = await startWebhook(scope, { bodyBudget: budget });
      const slow = await openTls(scope, tight);
      slow.socket.write(callText('x'.repeat(3_000)).slice(0, -2_500));
      await eventually('a part of it', () => !hasRoomFor(budget, 600));
      await sleep(slowMs * 2);
      slow.socket.write('x'.repeat(900));
      assert.equal((await slow.answers(1))[0]?.status, 503);
      assert.equal(hasRoomFor(budget, 1_000), true, 'nothing is held any more');
    });
  });

  describe('bodies of exactly 7 MiB', () => {
    it('with their length', async () => {
      const connection = await openTls(scope, webhook);
      connection.socket.write(callText(padded(maxBodyBytes)));
      assertGood((await connection.answers(1))[0]);
    });

    it('in chunks', async () => {
      const connection = await openTls(scope, webhook);
      const headers = { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' };
      connection.socket.write(callText('', { headers }));
      const body = padded(maxBodyBytes);
      for (let start = 0; start < body.length; start += 100_000) {
        connection.socket.write(chunkText(body.slice(start, start + 100_000)));
      }
      connection.socket.write('0\r\n\r\n');
      assertGood((await connection.answers(1))[0]);
    });
  });

  it('a caller who never stops sending reads the 413, and is cut off', async () => {
    const connection = await openTls(scope, webhook);
    const chunk = chunkText(' '.repeat(65_536));
    connection.socket.write(callText('', { headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' } }));
    const send = (): void => {
      while (!connection.socket.destroyed && connection.socket.write(chunk));
    };
    connection.socket.on('drain', send);
    send();
    const [answer] = await connection.answers(1);
    assert.equal(answer?.status, 413);
    assert.equal(answer.body, tooLarge);
    await eventually('the end of the connection', connection.isClosed);
  });

  it('a body that comes too slowly: 408, after the deadline and not before', async () => {
    const slow = await startWebhook(scope, { bodyTimeoutMs: 200 });
    const connection = await openTls(scope, slow);
    const startMs = performance.now();
    connection.socket.write(callText(goodBody).slice(0, -1));
    const [answer] = await connection.answers(1);
    assert.ok(performance.now() - startMs > 190);
    assert.equal(answer?.status, 408);
    assert.equal(answer.headers['connection'], 'close');
    assert.equal(answer.body, statusBody(408, 'Timeout', 'ERR_BODY_TIMEOUT', 'the body was not whole after 200 ms'));
    await eventually('the end of the connection', connection.isClosed);
    assert.deepEqual(slow.faults, []);
  });

  it('a caller who goes away in the middle of its body: no refusal, not even when its time is over', async () => {
    const left = await startWebhook(scope, { bodyTimeoutMs: 200 });
    await leaveAfter(left, callText(goodBody).slice(0, -1));
    // The time of a later call is over later.
    const connection = await openTls(scope, left);
    connection.socket.write(callText(goodBody).slice(0, -1));
    assert.equal((await connection.answers(1))[0]?.status, 408);
    assert.equal(left.refusals.length, 1);
    assert.deepEqual(left.reviews, []);
    assert.deepEqual(left.faults, []);
  });

  it('a caller who resets the connection in the middle of a body that is too large', async () => {
    const left = await startWebhook(scope);
    await leaveAfter(left, callText(padded(maxBodyBytes + 1)).slice(0, 1_000_000));
    assert.deepEqual(
      left.refusals.map(({ statusCode }) => statusCode),
      [413],
    );
    await assertAlive(left);
  });

  async function leaveAfter(server: TestWebhook, text: string): Promise<void> {
    const connection = await openTls(scope, server);
    connection.socket.write(text);
    await eventually('the call to come', () => server.sockets.size === 1);
    connection.socket.destroy();
    await eventually('the server to notice', () => server.sockets.size === 0);
  }

  it('two calls at once on one connection are answered in their order', async () => {
    const connection = await openTls(scope, webhook);
    const second = JSON.stringify(createReview({ uid: 'second' }));
    connection.socket.write(callText(goodBody) + callText(second));
    const answers = await connection.answers(2);
    assertGood(answers[0]);
    assert.ok(answers[1]?.body.includes('"uid":"second"'));
  });

  it('a refused call and a good one at once on one connection', async () => {
    const connection = await openTls(scope, webhook);
    connection.socket.write(callText(goodBody, { path: '/x' }) + callText(goodBody));
    const [first, second] = await connection.answers(2);
    assert.equal(first?.status, 404);
    assertGood(second);
  });

  it('a pod that is nested nearly as deep as may be is answered', async () => {
    const depth = 990;
    const body = goodBody
      .concat(' '.repeat(20_000))
      .replace('"containers":', `"deep":${'['.repeat(depth)}${']'.repeat(depth)},"containers":`);
    const connection = await openTls(scope, webhook);
    connection.socket.write(callText(body));
    assertGood((await connection.answers(1))[0]);
  });

  it('an absolute URL is good', async () => {
    const connection = await openTls(scope, webhook);
    connection.socket.write(callText(goodBody, { path: 'https://localhost/mutate?timeout=10s' }));
    assertGood((await connection.answers(1))[0]);
  });

  it('CONNECT gets no answer', async () => {
    const connection = await openTls(scope, webhook);
    connection.socket.write(callText('', { method: 'CONNECT', path: 'example.com:443' }));
    assert.deepEqual(await connection.answers(1), []);
  });

  it('plain HTTP gets no answer', async () => {
    const socket = connectTcp(webhook.port, '127.0.0.1');
    scope.onEnd(() => socket.destroy());
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
    socket.write(callText(goodBody));
    await eventually('the end of the connection', () => socket.closed);
    assert.doesNotMatch(Buffer.concat(chunks).toString('latin1'), /HTTP/);
  });

  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    it(`${version} is refused`, async () => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const socket = connectTls(
        {
          port: webhook.port,
          host: '127.0.0.1',
          servername: 'localhost',
          ca: webhook.ca,
          minVersion: version,
          maxVersion: version,
          ciphers: 'DEFAULT@SECLEVEL=0',
        },
        () => {
          resolve('a connection');
        },
      );
      scope.onEnd(() => socket.destroy());
      socket.on('error', (error) => {
        resolve('code' in error ? String(error.code) : error.message);
      });
      assert.equal(await promise, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    });
  }

  it('no answer holds a stack or a path of ours', () => {
    for (const { body } of Object.values(rows).flat()) assert.doesNotMatch(body, /\n|\.ts|\.js|node_modules|Error:/);
  });
});
