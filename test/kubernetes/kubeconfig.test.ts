import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { ServerOptions } from 'node:https';
import { dirname, join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { stringify } from 'yaml';
import { KubernetesError } from '../../src/kubernetes/errors.ts';
import { isRecord } from '../../src/kubernetes/kubeconfig-document.ts';
import { createKubeconfigConnection } from '../../src/kubernetes/kubeconfig.ts';
import { createTransport } from '../../src/kubernetes/transport.ts';
import { createPair, type Pair } from './certificates.ts';
import { startFakeApiServer } from './fake-api-server.ts';
import { useScope } from './scope.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

function documentOf(cluster: object, user: object) {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'one', cluster: { server: 'https://192.0.2.1', ...cluster } }],
    users: [{ name: 'somebody', user }],
    contexts: [{ name: 'work', context: { cluster: 'one', user: 'somebody' } }],
    'current-context': 'work',
  };
}

describe('kubernetes/kubeconfig', () => {
  const scope = useScope();
  let authority: Pair;
  let serving: Pair;

  before(async () => {
    authority = await createPair([]);
    serving = await createPair(['127.0.0.1', 'api.internal'], authority);
  });

  /** Writes a kubeconfig, and returns its path and folder. */
  async function write(document: unknown): Promise<{ path: string; folder: string }> {
    const folder = await scope.folder();
    const path = join(folder, 'config');
    await writeFile(path, typeof document === 'string' ? document : stringify(document));
    return { path, folder };
  }

  /** A server that tells who called, and a kubeconfig for it. */
  async function start(user: object, { cluster = {}, tls = {} }: { cluster?: object; tls?: ServerOptions } = {}) {
    const api = await startFakeApiServer(
      scope,
      ({ headers, socket }, response) => {
        assert.ok(socket instanceof TLSSocket);
        const { subject } = socket.getPeerCertificate();
        response.end(JSON.stringify({ authorization: headers.authorization, servername: socket.servername, subject }));
      },
      { ...serving, ...tls },
    );
    return write(
      documentOf({ server: api.url, 'certificate-authority-data': base64(authority.cert), ...cluster }, user),
    );
  }

  /** Calls the server of a kubeconfig, and returns whom it saw. */
  async function callerOf(kubeconfigPath: string) {
    const transport = createTransport(await createKubeconfigConnection({ kubeconfigPath }), { version: '0' });
    scope.onEnd(() => transport.close());
    const caller: unknown = JSON.parse((await transport.get('/', { timeoutMs: 5_000 })).body);
    assert.ok(isRecord(caller));
    return caller;
  }

  /** Writes a plugin that counts its runs in the file `runs` and prints what `status` makes, and its kubeconfig. */
  async function writePlugin(status: string, exec: object = {}) {
    const { path, folder } = await write(
      documentOf({}, { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', ...exec } }),
    );
    const script = `#!${process.execPath}
      const { appendFileSync, readFileSync } = require('node:fs');
      appendFileSync(${JSON.stringify(join(folder, 'runs'))}, '.');
      const run = readFileSync(${JSON.stringify(join(folder, 'runs'))}).length;
      const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      const status = ${status};
      console.log(JSON.stringify({ apiVersion: info.apiVersion, kind: 'ExecCredential', status }));`;
    await writeFile(join(folder, 'plugin'), script);
    await chmod(join(folder, 'plugin'), 0o755);
    return { path, runs: async () => (await readFile(join(folder, 'runs'))).length };
  }

  it('a token', async () => {
    const { path } = await start({ token: 'a-secret-token' });
    assert.deepEqual(await callerOf(path), { authorization: 'Bearer a-secret-token', servername: false });
  });

  it('a name and password', async () => {
    const { path } = await start({ username: 'ada', password: 'p:w' });
    const { authorization } = await callerOf(path);
    assert.equal(authorization, `Basic ${base64('ada:p:w')}`);
  });

  for (const form of ['data', 'files beside the kubeconfig'] as const) {
    it(`a client certificate as ${form}`, async () => {
      const client = await createPair(['system:serviceaccount:a:b'], authority);
      const asData = { 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key) };
      const asFiles = { 'client-certificate': 'client.crt', 'client-key': 'keys/client.key' };
      const { path, folder } = await start(form === 'data' ? asData : asFiles, {
        tls: { requestCert: true, rejectUnauthorized: true, ca: authority.cert },
      });
      await mkdir(join(folder, 'keys'));
      await writeFile(join(folder, 'client.crt'), client.cert);
      await writeFile(join(folder, 'keys/client.key'), client.key);
      assert.deepEqual((await callerOf(path))['subject'], { CN: 'system:serviceaccount:a:b' });
    });
  }

  it('client certificate files are followed, and the TLS options stay the same object until they change', async () => {
    const user = { 'client-certificate': 'client.crt', 'client-key': 'client.key' };
    const { path, folder } = await write(documentOf({}, user));
    await writeFile(join(folder, 'client.crt'), 'one');
    await writeFile(join(folder, 'client.key'), 'one');
    const connection = await createKubeconfigConnection({ kubeconfigPath: path });
    const first = connection.tls();
    await connection.authorization();
    assert.equal(connection.tls(), first);
    await writeFile(join(folder, 'client.crt'), 'two');
    await connection.authorization();
    assert.equal(String(connection.tls().cert), 'two');
  });

  it('a certificate file that is missing for a while is as it was, and followed when it is back', async () => {
    const cluster = { 'certificate-authority': 'ca.crt' };
    const { path, folder } = await write(documentOf(cluster, { token: 'a-secret-token' }));
    await writeFile(join(folder, 'ca.crt'), 'one');
    const connection = await createKubeconfigConnection({ kubeconfigPath: path });
    const first = connection.tls();
    await rm(join(folder, 'ca.crt'));
    assert.equal(await connection.authorization(), 'Bearer a-secret-token');
    assert.equal(connection.tls(), first);
    // What was refused is not shown again: the fault names the file.
    connection.refused('Bearer a-secret-token');
    await assert.rejects(async () => connection.authorization(), {
      code: 'ERR_KUBERNETES_CREDENTIAL',
      message: /ENOENT.*ca\.crt/,
    });
    await writeFile(join(folder, 'ca.crt'), 'two');
    await connection.authorization();
    assert.equal(String(connection.tls().ca), 'two');
  });

  it('a plugin that is missing is a fault, whatever it said before', async () => {
    const { path, runs } = await writePlugin(`{ token: 'a-secret-token' }`);
    const connection = await createKubeconfigConnection({ kubeconfigPath: path });
    assert.equal(await runs(), 1);
    connection.refused(await connection.authorization());
    await rm(join(dirname(path), 'plugin'));
    await assert.rejects(async () => connection.authorization(), { code: 'ERR_KUBERNETES_CREDENTIAL' });
  });

  it('tls-server-name', async () => {
    const { path } = await start({ token: 't' }, { cluster: { 'tls-server-name': 'api.internal' } });
    assert.equal((await callerOf(path))['servername'], 'api.internal');
    const { path: wrong } = await start({ token: 't' }, { cluster: { 'tls-server-name': 'api.elsewhere' } });
    await assert.rejects(callerOf(wrong), { code: 'ERR_KUBERNETES_CERTIFICATE' });
  });

  it('insecure-skip-tls-verify', async () => {
    const cluster = { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true };
    const { path } = await start({ token: 't' }, { cluster });
    assert.equal((await callerOf(path))['authorization'], 'Bearer t');
  });

  it('http, and a context without a user', async () => {
    const api = await startFakeApiServer(scope, ({ headers }, response) => response.end(JSON.stringify(headers)));
    const { path } = await write({
      ...documentOf({ server: api.url }, {}),
      contexts: [{ name: 'work', context: { cluster: 'one' } }],
    });
    assert.ok(!('authorization' in (await callerOf(path))));
  });

  describe('tokenFile', () => {
    it('is read from beside the kubeconfig, before token, and again after 60 s or a refusal', async () => {
      const { path, folder } = await write(documentOf({}, { token: 'static', tokenFile: 'token' }));
      await writeFile(join(folder, 'token'), 'first\n');
      let nowMs = 0;
      const connection = await createKubeconfigConnection({ kubeconfigPath: path, now: () => nowMs });
      assert.equal(await connection.authorization(), 'Bearer first');
      await writeFile(join(folder, 'token'), 'second');
      assert.equal(await connection.authorization(), 'Bearer first');
      nowMs = 60_000;
      assert.equal(await connection.authorization(), 'Bearer second');
      await writeFile(join(folder, 'token'), 'third');
      connection.refused('Bearer second');
      assert.equal(await connection.authorization(), 'Bearer third');
      await writeFile(join(folder, 'token'), '');
      nowMs = 120_000;
      assert.equal(await connection.authorization(), 'Bearer third');
    });

    it('that is not there: ERR_KUBERNETES_CREDENTIAL', async () => {
      const { path } = await write(documentOf({}, { tokenFile: 'token' }));
      await assert.rejects(createKubeconfigConnection({ kubeconfigPath: path }), {
        code: 'ERR_KUBERNETES_CREDENTIAL',
        message: /tokenFile/,
      });
    });
  });

  describe('an exec plugin', () => {
    it('is found beside the kubeconfig, gets its variables, and runs once for many calls', async () => {
      const status = '{ token: process.env.STAGE + run + info.spec.interactive }';
      const { path, runs } = await writePlugin(status, { env: [{ name: 'STAGE', value: 'test' }] });
      const connection = await createKubeconfigConnection({ kubeconfigPath: path });
      const all = await Promise.all(Array.from({ length: 10 }, async () => connection.authorization()));
      assert.deepEqual([...new Set(all)], ['Bearer test1false']);
      assert.equal(await runs(), 1);
    });

    it('runs again when its credential has expired, once for calls at once', async () => {
      const status = '{ token: "t" + run, expirationTimestamp: new Date(run === 1 ? 0 : 4e12).toISOString() }';
      const { path, runs } = await writePlugin(status);
      const connection = await createKubeconfigConnection({ kubeconfigPath: path });
      const all = await Promise.all(Array.from({ length: 10 }, async () => connection.authorization()));
      assert.deepEqual([...new Set(all)], ['Bearer t2']);
      assert.equal(await runs(), 2);
    });

    it('runs again after a refusal, once for all calls that were refused the same credential', async () => {
      const { path, runs } = await writePlugin('{ token: "t" + run }');
      const connection = await createKubeconfigConnection({ kubeconfigPath: path });
      connection.refused('Bearer t1');
      connection.refused('Bearer t1');
      assert.equal(await connection.authorization(), 'Bearer t2');
      connection.refused('Bearer t1');
      assert.equal(await connection.authorization(), 'Bearer t2');
      assert.equal(await runs(), 2);
    });

    it('may answer with a client certificate', async () => {
      const { path } = await writePlugin('{ clientCertificateData: "cert", clientKeyData: "key" }');
      const connection = await createKubeconfigConnection({ kubeconfigPath: path });
      assert.equal(await connection.authorization(), undefined);
      assert.deepEqual(connection.tls(), { cert: 'cert', key: 'key' });
    });

    it('that does not end: ERR_KUBERNETES_TIMEOUT', async () => {
      const { path } = await writePlugin('(Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000), {})');
      await assert.rejects(createKubeconfigConnection({ kubeconfigPath: path, credentialTimeoutMs: 50 }), {
        code: 'ERR_KUBERNETES_TIMEOUT',
        message: /within 50 ms/,
      });
    });

    const secret = 'eyJhbGciOiJSUzI1NiIsImtpZCI6InNlY3JldCJ9.c2VjcmV0';
    const faults: readonly { name: string; status: string; exec?: object; message: RegExp }[] = [
      {
        name: 'that is not installed',
        status: '{}',
        exec: { command: 'no-such-plugin' },
        message: /no-such-plugin.*ENOENT/,
      },
      {
        name: 'that fails',
        status: `(console.error("no session for ${secret}"), process.exit(3))`,
        message: /no session for \[removed\]/,
      },
      { name: 'that fails without a word', status: 'process.exit(3)', message: /failed without a word/ },
      {
        name: 'that prints no JSON',
        status: `(console.log("${secret}"), process.exit(0))`,
        message: /no ExecCredential in JSON/,
      },
      { name: 'that prints no status', status: 'undefined', message: /no ExecCredential in JSON/ },
    ];
    for (const { name, status, exec, message } of faults) {
      it(`${name}: ERR_KUBERNETES_CREDENTIAL, without its output`, async () => {
        const { path } = await writePlugin(status, exec);
        await assert.rejects(createKubeconfigConnection({ kubeconfigPath: path }), (error: unknown) => {
          assert.ok(error instanceof KubernetesError);
          assert.equal(error.code, 'ERR_KUBERNETES_CREDENTIAL');
          assert.match(String(error), message);
          assert.ok(String(error).includes(path));
          assert.doesNotMatch(inspect(error, { depth: 9 }), /eyJhbGci/);
          return true;
        });
      });
    }
  });

  const good = documentOf({}, { token: 'a-secret-token' });
  const bad: readonly { name: string; document: unknown; message: RegExp }[] = [
    { name: 'an empty file', document: '', message: /a file without fields/ },
    { name: 'a text', document: 'a-secret-token', message: /a file without fields/ },
    {
      name: 'broken YAML',
      document: 'clusters: []\nusers: [{token: "a-secret-token',
      message: /MISSING_CHAR in line 2/,
    },
    { name: 'a broken alias', document: 'users: *a-secret-token', message: /got/ },
    { name: 'no current-context', document: { ...good, 'current-context': undefined }, message: /\(work\), got none/ },
    {
      name: 'another current-context',
      document: { ...good, 'current-context': 'play' },
      message: /\(work\), got "play"/,
    },
    { name: 'no contexts', document: { ...good, contexts: [] }, message: /it has none/ },
    { name: 'no such cluster', document: { ...good, clusters: [] }, message: /the cluster one of context work/ },
    { name: 'no such user', document: { ...good, users: [] }, message: /the user somebody of context work/ },
    { name: 'no server', document: documentOf({ server: '' }, {}), message: /clusters\[0\].cluster.server is missing/ },
    { name: 'a bad server', document: documentOf({ server: 'ftp://a' }, {}), message: /got "ftp:\/\/a"/ },
    { name: 'proxy-url', document: documentOf({ 'proxy-url': 'http://p' }, {}), message: /without proxy-url/ },
    { name: 'impersonation', document: documentOf({}, { as: 'root' }), message: /without as / },
    { name: 'impersonated groups', document: documentOf({}, { 'as-groups': ['a'] }), message: /without as-groups / },
  ];
  for (const { name, document, message } of bad) {
    it(`${name}: ERR_KUBERNETES_CONFIG with the path`, async () => {
      const { path } = await write(document);
      await assert.rejects(createKubeconfigConnection({ kubeconfigPath: path }), (error: unknown) => {
        assert.ok(error instanceof KubernetesError);
        assert.equal(error.code, 'ERR_KUBERNETES_CONFIG');
        assert.match(String(error), message);
        assert.ok(String(error).includes(path));
        assert.doesNotMatch(inspect(error, { depth: 9 }), /a-secret-token/);
        return true;
      });
    });
  }

  it('a file or folder that cannot be read: ERR_KUBERNETES_CONFIG with the path', async () => {
    const folder = await scope.folder();
    for (const [path, code] of [
      [join(folder, 'none'), /none, got ENOENT/],
      [folder, /got EISDIR/],
    ] as const) {
      await assert.rejects(createKubeconfigConnection({ kubeconfigPath: path }), {
        code: 'ERR_KUBERNETES_CONFIG',
        message: code,
      });
    }
  });

  it('a certificate file that cannot be read: ERR_KUBERNETES_CREDENTIAL with its path', async () => {
    const { path } = await write(documentOf({ 'certificate-authority': 'none.crt' }, {}));
    await assert.rejects(createKubeconfigConnection({ kubeconfigPath: path }), {
      code: 'ERR_KUBERNETES_CREDENTIAL',
      message: /ENOENT.*none\.crt/,
    });
  });
});
