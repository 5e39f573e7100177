import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInClusterConnection } from '../../src/kubernetes/in-cluster.ts';
import { createTransport } from '../../src/kubernetes/transport.ts';
import { createPair } from './certificates.ts';
import { startFakeApiServer } from './fake-api-server.ts';
import { useScope } from './scope.ts';

describe('kubernetes/in-cluster', () => {
  const scope = useScope();

  async function startInFolder() {
    const folder = await scope.folder();
    let nowMs = 0;
    const connection = createInClusterConnection({
      serviceHost: '10.0.0.1',
      servicePort: '443',
      folder,
      now: () => nowMs,
    });
    return {
      connection,
      write: (name: string, text: string) => writeFile(join(folder, name), text),
      remove: (name: string) => rm(join(folder, name)),
      passMs: (ms: number) => (nowMs += ms),
    };
  }

  const origins: readonly (readonly [host: string, port: string, origin: string])[] = [
    ['10.0.0.1', '443', 'https://10.0.0.1'],
    ['10.0.0.1', '6443', 'https://10.0.0.1:6443'],
    ['kubernetes.default.svc', '8080', 'https://kubernetes.default.svc:8080'],
    ['fd00:10:96::1', '443', 'https://[fd00:10:96::1]'],
  ];
  for (const [serviceHost, servicePort, origin] of origins) {
    it(`${serviceHost} and ${servicePort}: ${origin}`, () => {
      assert.equal(createInClusterConnection({ serviceHost, servicePort }).origin.origin, origin);
    });
  }

  const outside: readonly (readonly [host: string | undefined, port: string | undefined, message: RegExp])[] = [
    [undefined, '443', /got no KUBERNETES_SERVICE_HOST:.*--kubeconfig.*--kube-api.*--service-accounts/],
    ['', '443', /got no KUBERNETES_SERVICE_HOST/],
    ['10.0.0.1', undefined, /got no KUBERNETES_SERVICE_PORT/],
    ['10.0.0.1', 'tcp://10.0.0.1:443', /in KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT/],
  ];
  for (const [serviceHost, servicePort, message] of outside) {
    it(`host ${serviceHost} and port ${servicePort}: ERR_KUBERNETES_CONFIG`, () => {
      assert.throws(() => createInClusterConnection({ serviceHost, servicePort }), {
        name: 'KubernetesError',
        code: 'ERR_KUBERNETES_CONFIG',
        message,
      });
    });
  }

  it('reads the token again after 60 s', async () => {
    const { connection, write, passMs } = await startInFolder();
    await write('token', 'first\n');
    assert.equal(await connection.authorization(), 'Bearer first');
    await write('token', 'second\n');
    passMs(59_999);
    assert.equal(await connection.authorization(), 'Bearer first');
    passMs(1);
    assert.equal(await connection.authorization(), 'Bearer second');
  });

  it('reads the token again after it was refused', async () => {
    const { connection, write } = await startInFolder();
    await write('token', 'first');
    assert.equal(await connection.authorization(), 'Bearer first');
    await write('token', 'second');
    connection.refused('Bearer first');
    assert.equal(await connection.authorization(), 'Bearer second');
  });

  it('keeps the last good token while the file is missing or empty, and takes the next one at once', async () => {
    const { connection, write, remove, passMs } = await startInFolder();
    await write('token', 'first');
    assert.equal(await connection.authorization(), 'Bearer first');
    passMs(60_000);
    await remove('token');
    assert.equal(await connection.authorization(), 'Bearer first');
    await write('token', ' \n');
    assert.equal(await connection.authorization(), 'Bearer first');
    await write('token', 'second');
    assert.equal(await connection.authorization(), 'Bearer second');
  });

  it('without a token there is an error each time until one comes', async () => {
    const { connection, write } = await startInFolder();
    const expected = { code: 'ERR_KUBERNETES_CREDENTIAL', message: /token.*automountServiceAccountToken/ };
    assert.throws(() => connection.authorization(), expected);
    await write('token', '');
    assert.throws(() => connection.authorization(), expected);
    await write('token', 'first');
    assert.equal(await connection.authorization(), 'Bearer first');
  });

  it('follows ca.crt, keeps the last good one, and changes the TLS options only with its content', async () => {
    const { connection, write, remove, passMs } = await startInFolder();
    assert.deepEqual(connection.tls(), {});
    await write('ca.crt', 'one');
    const first = connection.tls();
    assert.deepEqual(first, { ca: 'one' });
    await write('ca.crt', 'one\n');
    passMs(1_000);
    assert.equal(connection.tls(), first);
    await remove('ca.crt');
    passMs(1_000);
    assert.equal(connection.tls(), first);
    await write('ca.crt', 'two');
    assert.deepEqual(connection.tls(), { ca: 'two' });
  });

  it('speaks to an API server through a rotation of token and CA', async () => {
    const [oldAuthority, newAuthority] = [await createPair([]), await createPair([])];
    let accepted = 'Bearer old';
    const api = await startFakeApiServer(
      scope,
      ({ headers }, response) => response.writeHead(headers.authorization === accepted ? 200 : 401).end('{}'),
      await createPair(['127.0.0.1'], oldAuthority),
    );
    const folder = await scope.folder();
    await writeFile(join(folder, 'token'), 'old');
    await writeFile(join(folder, 'ca.crt'), oldAuthority.cert);
    let nowMs = 0;
    const { hostname, port } = new URL(api.url);
    const transport = createTransport(
      createInClusterConnection({ serviceHost: hostname, servicePort: port, folder, now: () => nowMs }),
      { version: '0' },
    );
    scope.onEnd(() => transport.close());
    const statusOf = async () => (await transport.get('/version', { timeoutMs: 5_000 })).status;
    assert.equal(await statusOf(), 200);

    accepted = 'Bearer new';
    await writeFile(join(folder, 'token'), 'new');
    assert.equal(await statusOf(), 200);

    await writeFile(join(folder, 'ca.crt'), newAuthority.cert);
    const renewed = await createPair(['127.0.0.1'], newAuthority);
    assert.ok('setSecureContext' in api.server);
    api.server.setSecureContext(renewed);
    nowMs += 1_000;
    assert.equal(await statusOf(), 200);
  });
});
