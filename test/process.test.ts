// The built program as a process: what it serves, what it says, how it ends.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { createSelfSignedPair } from '../src/certificates/self-signed.ts';
import { asObject } from '../src/identity/json.ts';
import packageJson from '../package.json' with { type: 'json' };
import { answerWith, startMetadataServer } from './accounts/metadata-server.ts';
import { createPod, createReview, roleArn } from './admission/reviews.ts';
import { createPair } from './kubernetes/certificates.ts';
import { eventually } from './kubernetes/eventually.ts';
import { startFakeApiServer } from './kubernetes/fake-api-server.ts';
import { type Scope, useScope } from './kubernetes/scope.ts';
import { builtProgram, freePorts, laptop, portsOf, type Program, startProgram } from './program.ts';
import { call } from './server/call.ts';

const run = promisify(execFile);

/** The message of a program that wrote one line and nothing else. */
function onlyLine(program: Program): string {
  assert.equal(program.output(), '');
  assert.match(program.errors(), /^irsa-webhook: [^\n]+\n$/);
  return program.errors().slice('irsa-webhook: '.length, -1);
}

const emptyList = '{"kind":"ServiceAccountList","metadata":{"resourceVersion":"1"},"items":[]}';

/** A program that reads accounts from an API server which answers when the test says so. */
async function startSlow(scope: Scope) {
  const held: ServerResponse[] = [];
  const api = await startFakeApiServer(scope, (request, response) => {
    if (request.url?.includes('limit=')) response.end(emptyList);
    else if (!request.url?.includes('watch=')) held.push(response);
  });
  const program = startProgram(scope, ['--self-signed', '--kube-api', api.url, '--lookup-timeout=20s', ...freePorts]);
  const ports = await portsOf(program);
  await eventually('the first read', () => program.errors().includes('ready'));
  const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
  scope.onEnd(() => {
    agent.destroy();
  });
  const body = JSON.stringify(createReview());
  const request = https.request({
    host: '127.0.0.1',
    port: ports.port,
    path: '/mutate?timeout=30s',
    method: 'POST',
    agent,
    headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject).end(body);
  });
  await eventually('the lookup', () => held.length === 1);
  return { program, ...ports, answer, held };
}

describe('the program', () => {
  const scope = useScope();

  const start = (...args: string[]): Program => startProgram(scope, args);

  describe('served as by npm start', () => {
    it('answers the very command that it prints', async () => {
      const program = start(...laptop, ...freePorts);
      const { port, metricsPort } = await portsOf(program);
      await eventually('the command', () => program.output().endsWith("'\n\n"));
      const command = /^ {2}(curl .*)$/m.exec(program.output())?.[1] ?? assert.fail(program.output());
      const { stdout } = await run('/bin/sh', ['-c', command]);
      const answer: unknown = JSON.parse(stdout);
      const response = asObject(asObject(answer)?.['response']);
      assert.deepEqual(
        [response?.['uid'], response?.['allowed'], asObject(response?.['auditAnnotations'])?.['outcome']],
        ['try-it', true, 'injected'],
      );
      assert.equal(response?.['patchType'], 'JSONPatch');
      assert.ok(program.output().includes(`https://localhost:${String(port)}/mutate`));
      assert.ok(program.output().includes(`http://localhost:${String(metricsPort)}/metrics`));
      assert.ok(program.output().startsWith(`irsa-webhook ${packageJson.version}\n`));
    });

    it('serves metrics and health on the metrics port, and no review', async () => {
      const { metricsPort } = await portsOf(start(...laptop, ...freePorts));
      const target = { port: metricsPort };
      for (const path of ['/healthz', '/livez', '/readyz']) {
        assert.deepEqual(await call(target, path).then(({ status, body }) => [status, body]), [200, 'ok']);
      }
      const metrics = await call(target, '/metrics');
      assert.equal(metrics.status, 200);
      assert.match(metrics.body, /^irsa_webhook_reviews_total\{outcome="injected"\} 0$/m);
      assert.match(metrics.body, /^process_cpu_seconds_total /m);
      assert.equal((await call(target, '/mutate', { method: 'POST', body: '{}' })).status, 404);
    });

    it('runs without node_modules', async () => {
      const folder = await scope.folder();
      await cp(dirname(builtProgram), folder, { recursive: true });
      const program = startProgram(scope, [...laptop, ...freePorts], { file: join(folder, 'irsa-webhook.js') });
      const { metricsPort } = await portsOf(program);
      assert.equal((await call({ port: metricsPort }, '/readyz')).status, 200);
    });
  });

  describe('prints', () => {
    it('its version', async () => {
      const program = start('--version');
      assert.deepEqual(await program.ended, [0, null]);
      assert.deepEqual([program.output(), program.errors()], [`${packageJson.version}\n`, '']);
    });

    for (const args of [['--help'], ['mutate', '--help'], ['selftest', '--help']]) {
      it(`its help: ${args.join(' ')}`, async () => {
        const program = start(...args);
        assert.deepEqual(await program.ended, [0, null]);
        assert.match(program.output(), /^Usage: irsa-webhook /);
        assert.equal(program.errors(), '');
      });
    }
  });

  describe('that cannot start', () => {
    const usage: readonly (readonly [name: string, args: readonly string[], message: string])[] = [
      ['an unknown flag', ['--unknown=1'], "unknown option '--unknown=1' (irsa-webhook --help)"],
      [
        'an unknown command',
        ['explain'],
        'unknown command "explain": expected serve, mutate or selftest (irsa-webhook --help)',
      ],
      ['a bad value', ['--port=http'], '--port: expected a whole number, got "http" (irsa-webhook --help)'],
      [
        'a certificate of its own, without a cluster',
        ['--service-accounts', 'manifests/examples'],
        '--in-cluster=true (the default) manages the certificate by the API of a cluster, and none is named: give ' +
          '--self-signed, or --in-cluster=false with --tls-cert and --tls-key (irsa-webhook --help)',
      ],
      [
        'a certificate of its own that lives too short',
        ['--kube-api', 'http://127.0.0.1:9', '--certificate-lifetime', '10s', '--ca-propagation-delay', '4s'],
        '--ca-propagation-delay: expected less than a third of --certificate-lifetime, as what is left of a certificate ' +
          'must outlast it, got 4s and 10s (irsa-webhook --help)',
      ],
      [
        'mutate without a file',
        ['mutate'],
        'mutate needs a manifest: -f FILE, or -f - for standard input (irsa-webhook mutate --help)',
      ],
      [
        'selftest without an account',
        ['selftest'],
        'selftest needs a service account that has a role: --service-account NAME (irsa-webhook selftest --help)',
      ],
      [
        'selftest of names that are none',
        ['selftest', '-n', 'shop', '--service-account', '../pods'],
        '--namespace and --service-account: expected names of objects of the API, got "shop" and "../pods" (irsa-webhook selftest --help)',
      ],
    ];
    for (const [name, args, message] of usage) {
      it(`${name}: one line, exit status 2`, async () => {
        const program = start(...args);
        assert.deepEqual(await program.ended, [2, null]);
        assert.equal(onlyLine(program), message);
      });
    }

    it('no cluster: what to do, exit status 1', async () => {
      const program = start('--self-signed');
      assert.deepEqual(await program.ended, [1, null]);
      assert.match(onlyLine(program), /^Expected the variables KUBERNETES_SERVICE_HOST .*--service-accounts PATH/);
    });

    it('names of callers without authorities: exit status 2', async () => {
      const program = start(...laptop, '--client-name=kube-apiserver');
      assert.deepEqual(await program.ended, [2, null]);
      assert.match(onlyLine(program), /^--client-name needs --client-ca-file: /);
    });

    it('authorities of callers that are none: exit status 1', async () => {
      const program = start(...laptop, '--client-ca-file=package.json');
      assert.deepEqual(await program.ended, [1, null]);
      assert.match(onlyLine(program), /^cannot verify callers by --client-ca-file package\.json: /);
    });

    it('no certificate: exit status 1', async () => {
      const program = start('--service-accounts', 'manifests/examples', '--in-cluster=false', '--tls-cert', '/gone');
      assert.deepEqual(await program.ended, [1, null]);
      assert.match(onlyLine(program), /^cannot read --tls-(cert \/gone|key \/etc\/webhook\/certs\/tls\.key): ENOENT/);
    });

    it('accounts that are not there: exit status 1', async () => {
      const program = start('--self-signed', '--service-accounts', '/gone', ...freePorts);
      assert.deepEqual(await program.ended, [1, null]);
      assert.match(onlyLine(program), /^cannot read \/gone: ENOENT/);
    });

    for (const flag of ['--port', '--metrics-port']) {
      it(`${flag} in use: exit status 1, and the port in the message`, async () => {
        const server = createServer().listen(0);
        scope.onEnd(() => server.close());
        await eventually('the port', () => server.listening);
        const address = server.address();
        assert.ok(typeof address === 'object' && address !== null);
        const program = start(...laptop, ...freePorts, flag, String(address.port));
        assert.deepEqual(await program.ended, [1, null]);
        assert.match(
          onlyLine(program),
          new RegExp(`^cannot listen on port ${String(address.port)} \\(${flag}\\): .*EADDRINUSE`),
        );
      });
    }
  });

  it('shows what it knows with --enable-debugging-handlers only', async () => {
    const answers: number[] = [];
    for (const flags of [[], ['--enable-debugging-handlers']]) {
      const { metricsPort } = await portsOf(start(...laptop, ...freePorts, ...flags));
      const { status, body } = await call({ port: metricsPort }, '/debug/alpha/cache');
      answers.push(status);
      if (status === 200) {
        assert.match(body, /"default\/s3-reader": \{"RoleARN":"arn:aws:iam::111122223333:role\/s3-reader"/);
      }
    }
    assert.deepEqual(answers, [404, 200]);
  });

  it('takes over certificate files that change, and is not ready while they have ended', async () => {
    const folder = await scope.folder();
    const [certPath, keyPath] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
    const write = async ({ cert, key }: { readonly cert: string; readonly key: string }): Promise<void> => {
      await writeFile(certPath, cert);
      await writeFile(keyPath, key);
    };
    const yearMs = 365 * 24 * 60 * 60 * 1000;
    await write(await createSelfSignedPair(['localhost'], { nowMs: Date.now() - yearMs }));
    const files = ['--in-cluster=false', `--tls-cert=${certPath}`, `--tls-key=${keyPath}`];
    const program = start(...files, '--service-accounts', 'manifests/examples', ...freePorts);
    const { port, metricsPort } = await portsOf(program);
    const ready = await call({ port: metricsPort }, '/readyz');
    assert.deepEqual([ready.status, /^not ready: the certificate in .* ended at /.test(ready.body)], [503, true]);
    assert.equal((await call({ port: metricsPort }, '/livez')).status, 200);
    const good = await createSelfSignedPair(['localhost']);
    await write(good);
    await eventually('the new pair', () => program.errors().includes('serving pair reloaded'));
    assert.equal((await call({ port, ca: good.cert }, '/readyz')).status, 200);
    await writeFile(keyPath, 'garbage');
    await eventually('the refusal', () =>
      program.errors().includes('serving pair not reloaded; the last good one stays'),
    );
    assert.equal((await call({ port, ca: good.cert }, '/readyz')).status, 200);
    const { body } = await call({ port: metricsPort }, '/metrics');
    assert.match(body, /^irsa_webhook_certificate_file_loads_total\{file="serving_pair",result="refused"\} [1-9]/m);
  });

  it('takes reviews only from callers that --client-ca-file and --client-name admit, and health from all', async () => {
    const authority = await createPair([]);
    const path = join(await scope.folder(), 'ca.pem');
    await writeFile(path, authority.cert);
    const names = ['--client-ca-file', path, '--client-name', 'kube-apiserver, other'];
    const { port } = await portsOf(start(...laptop, ...freePorts, ...names));
    const post = async (pair?: { readonly cert: string; readonly key: string }): Promise<number | undefined> => {
      const agent = new https.Agent({ rejectUnauthorized: false, ...pair });
      const headers = { 'Content-Type': 'application/json' };
      const request = https.request({ port, path: '/mutate', method: 'POST', agent, headers });
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        request.on('response', resolve).on('error', reject).end(JSON.stringify(createReview()));
      });
      response.resume();
      return response.statusCode;
    };
    assert.equal(await post(), 403);
    assert.equal(await post(await createPair(['someone'], authority)), 403);
    assert.equal(await post(await createPair(['kube-apiserver'], authority)), 200);
    const health = https.request({ port, path: '/readyz', rejectUnauthorized: false, agent: false });
    const [answer] = (await once(health.end(), 'response')) as unknown[];
    assert.ok(answer instanceof IncomingMessage);
    assert.equal(answer.statusCode, 200);
    answer.resume();
  });

  it('starts without instance metadata, and completes roles by their names once it is there', async () => {
    const metadata = await startMetadataServer(scope);
    metadata.behave({ PUT: answerWith(503, '') });
    const path = join(await scope.folder(), 'accounts.yaml');
    const annotations = { 'eks.amazonaws.com/role-arn': 'team/cart' };
    const account = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'cart', namespace: 'shop', annotations },
    };
    await writeFile(path, JSON.stringify(account));
    const program = startProgram(
      scope,
      ['--self-signed', '--compose-role-arn', '--service-accounts', path, ...freePorts],
      { environment: { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url } },
    );
    const { port, metricsPort } = await portsOf(program);
    assert.equal((await call({ port: metricsPort }, '/readyz')).status, 200);
    const agent = new https.Agent({ rejectUnauthorized: false });
    const review = async (): Promise<string> => {
      const request = https.request({
        port,
        path: '/mutate',
        method: 'POST',
        agent,
        headers: { 'Content-Type': 'application/json' },
      });
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        request.on('response', resolve).on('error', reject).end(JSON.stringify(createReview()));
      });
      return text(response);
    };
    assert.match(await review(), /the AWS account is not known: .*; give --aws-account-id/);
    metadata.behave({});
    await eventually('the account', () => program.errors().includes('AWS account known from instance metadata'));
    assert.match(await review(), /"role":"arn:aws-cn:iam::111122223333:role\/team\/cart"/);
  });

  it('takes --lookup-timeout for the longest that a read may take', async () => {
    const api = await startFakeApiServer(scope, () => undefined);
    const program = start('--self-signed', '--kube-api', api.url, '--lookup-timeout=50ms', ...freePorts);
    const { port } = await portsOf(program);
    const { stdout } = await run('/bin/sh', [
      '-c',
      `curl -sk https://localhost:${String(port)}/mutate -H 'Content-Type: application/json' -d '${JSON.stringify(createReview())}'`,
    ]);
    assert.match(stdout, /"reason":"ERR_LOOKUP_TIMEOUT"/);
    // Addresses are for the log alone. Fifty, less what has gone by until the read.
    assert.match(stdout, /"message":"cannot read service account shop\/cart: the API server did not answer in time"/);
    await eventually('the log line', () => /"fault":"[^"]* within [1-5]?\d ms, got none"?/.test(program.errors()));
  });

  describe('told to stop', () => {
    const account = JSON.stringify({
      kind: 'ServiceAccount',
      metadata: { namespace: 'shop', name: 'cart', annotations: { 'eks.amazonaws.com/role-arn': roleArn } },
    });

    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      it(`by ${signal} in the middle of a call: it is answered, and the exit status is 0`, async () => {
        const { program, metricsPort, answer, held } = await startSlow(scope);
        program.child.kill(signal);
        await eventually('the drain', () => program.errors().includes('"message":"stopping"'));
        const ready = await call({ port: metricsPort }, '/readyz');
        assert.deepEqual([ready.status, ready.body], [503, 'not ready: shutting down']);
        held[0]?.end(account);
        const response = await answer;
        assert.equal(response.statusCode, 200);
        assert.equal(response.headers.connection, 'close');
        assert.match(await text(response), /"outcome":"injected"/);
        assert.deepEqual(await program.ended, [0, null]);
        assert.match(program.errors(), /"message":"stopped"\}\n$/);
      });
    }

    it('it goes on serving for --shutdown-delay, not ready, each answer the last of its connection', async () => {
      const program = start(...laptop, '--port=0', '--metrics-port=0', '--shutdown-delay=1500ms');
      const { port, metricsPort } = await portsOf(program);
      const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
      scope.onEnd(() => {
        agent.destroy();
      });
      const review = async (): Promise<IncomingMessage> => {
        const headers = { 'Content-Type': 'application/json' };
        const request = https.request({ port, path: '/mutate', method: 'POST', agent, headers });
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
          request.on('response', resolve).on('error', reject).end(JSON.stringify(createReview()));
        });
        await text(response);
        return response;
      };
      assert.equal((await review()).headers.connection, 'keep-alive');
      const signalledMs = performance.now();
      program.child.kill('SIGTERM');
      await eventually('the drain', () => program.errors().includes('"message":"stopping"'));
      let answered = 0;
      while (performance.now() - signalledMs < 1_200) {
        const { statusCode, headers } = await review();
        assert.deepEqual([statusCode, headers.connection], [200, 'close']);
        answered += 1;
      }
      assert.ok(answered > 1);
      assert.equal((await call({ port: metricsPort }, '/readyz')).status, 503);
      assert.equal((await call({ port: metricsPort }, '/livez')).status, 200);
      assert.deepEqual(await program.ended, [0, null]);
      assert.ok(performance.now() - signalledMs >= 1_500);
    });

    it('twice: it ends at once', async () => {
      const { program, answer } = await startSlow(scope);
      const cut = assert.rejects(answer, { code: 'ECONNRESET' });
      program.child.kill('SIGTERM');
      await eventually('the drain', () => program.errors().includes('"message":"stopping"'));
      program.child.kill('SIGTERM');
      assert.deepEqual(await program.ended, [1, null]);
      await cut;
    });

    it('while it cannot read accounts: it ends, with no word of that', async () => {
      const program = start('--self-signed', '--kube-api', 'http://127.0.0.1:9', ...freePorts);
      const { metricsPort } = await portsOf(program);
      await eventually('the refusal', () => program.errors().includes('ECONNREFUSED'));
      const ready = await call({ port: metricsPort }, '/readyz');
      assert.equal(ready.status, 503);
      assert.match(ready.body, /^not ready: service accounts cannot be read: /);
      program.child.kill('SIGTERM');
      assert.deepEqual(await program.ended, [0, null]);
      assert.match(program.errors(), /"message":"stopping"\}\n[^\n]*"message":"stopped"\}\n$/);
    });
  });

  describe('mutate', () => {
    const pod = JSON.stringify(createPod());

    it('writes the pod to the output, the decision to the errors, and ends with 0', async () => {
      const program = startProgram(scope, ['mutate', '-f', '-', '-o', 'json'], { stdin: pod });
      assert.deepEqual(await program.ended, [0, null]);
      assert.deepEqual(JSON.parse(program.output()), JSON.parse(pod));
      assert.equal(
        program.errors(),
        'Pod/cart-0: service_account_not_found. There is no such service account. Service account: shop/cart.\n',
      );
    });

    it('writes no colours where no terminal reads them', async () => {
      const program = start(
        'mutate',
        '-f',
        'manifests/examples/pod.yaml',
        '--service-accounts',
        'manifests/examples',
        '-o',
        'diff',
      );
      assert.deepEqual(await program.ended, [0, null]);
      assert.match(program.output(), /^\+ +- name: AWS_ROLE_ARN$/m);
    });

    it('ends with 1 where the input cannot be read', async () => {
      const program = startProgram(scope, ['mutate', '-f', '-'], { stdin: 'hello' });
      assert.deepEqual(await program.ended, [1, null]);
      assert.equal(program.errors(), 'irsa-webhook: standard input: expected an object in document 1, got a string\n');
    });

    it('says nothing of a reader that has seen enough', async () => {
      const file = join(await scope.folder(), 'pod.json');
      const padding = 'x'.repeat(1_000_000);
      await writeFile(file, JSON.stringify({ ...createPod(), metadata: { name: 'p', annotations: { padding } } }));
      const program = start('mutate', '-f', file);
      program.child.stdout.destroy();
      assert.deepEqual(await program.ended, [0, null]);
      assert.match(program.errors(), /^Pod\/p: [^\n]*\n$/);
    });
  });
});
