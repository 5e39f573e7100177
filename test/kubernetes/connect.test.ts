import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type ConnectOptions } from '../../src/kubernetes/connect.ts';
import { useScope } from './scope.ts';

describe('kubernetes/connect', () => {
  const scope = useScope();
  const nothing: ConnectOptions = {
    kubeconfigPath: undefined,
    apiServerUrl: undefined,
    serviceHost: undefined,
    servicePort: undefined,
  };

  async function writeKubeconfig(): Promise<string> {
    const path = join(await scope.folder(), 'config');
    const cluster = { server: 'https://192.0.2.1:6443/k8s', 'tls-server-name': 'in.the.file' };
    const document = {
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: 'a-secret-token' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    await writeFile(path, JSON.stringify(document));
    return path;
  }

  it('neither flag: in cluster', async () => {
    const connection = await connect({ ...nothing, serviceHost: '10.0.0.1', servicePort: '443' });
    assert.equal(connection.origin.href, 'https://10.0.0.1/');
  });

  it('empty flags are no flags, and outside a cluster the error says so', async () => {
    const connecting = connect({ ...nothing, kubeconfigPath: '', apiServerUrl: '' });
    await assert.rejects(connecting, { code: 'ERR_KUBERNETES_CONFIG', message: /KUBERNETES_SERVICE_HOST/ });
  });

  it('--kube-api alone: that server without a credential, also inside a cluster', async () => {
    const inside = { ...nothing, serviceHost: '10.0.0.1', servicePort: '443' };
    const connection = await connect({ ...inside, apiServerUrl: 'http://127.0.0.1:8001' });
    assert.equal(connection.origin.href, 'http://127.0.0.1:8001/');
    assert.equal(await connection.authorization(), undefined);
    assert.deepEqual(connection.tls(), {});
    assert.equal(connection.tls(), connection.tls());
  });

  it('--kubeconfig alone: its server', async () => {
    const connection = await connect({ ...nothing, kubeconfigPath: await writeKubeconfig() });
    assert.equal(connection.origin.href, 'https://192.0.2.1:6443/k8s');
    assert.equal(await connection.authorization(), 'Bearer a-secret-token');
    assert.equal(connection.tls().servername, 'in.the.file');
  });

  it('both: the kubeconfig with the other server, without the certificate name of its own', async () => {
    const kubeconfigPath = await writeKubeconfig();
    const connection = await connect({ ...nothing, kubeconfigPath, apiServerUrl: 'https://192.0.2.2:6443' });
    assert.equal(connection.origin.href, 'https://192.0.2.2:6443/');
    assert.equal(await connection.authorization(), 'Bearer a-secret-token');
    assert.equal(connection.tls().servername, undefined);
  });

  const urls: readonly (readonly [text: string, href: string])[] = [
    ['localhost:8080', 'http://localhost:8080/'],
    ['127.0.0.1:8001/', 'http://127.0.0.1:8001/'],
    ['https://[::1]:6443', 'https://[::1]:6443/'],
    ['HTTPS://example.com/k8s/', 'https://example.com/k8s/'],
  ];
  for (const [text, href] of urls) {
    it(`--kube-api ${text} is ${href}`, async () => {
      assert.equal((await connect({ ...nothing, apiServerUrl: text })).origin.href, href);
    });
  }

  for (const text of ['unix:///run/api.sock', 'https://', 'https://a:b:c']) {
    it(`--kube-api ${text}: ERR_KUBERNETES_CONFIG`, async () => {
      const connecting = connect({ ...nothing, apiServerUrl: text });
      await assert.rejects(connecting, { code: 'ERR_KUBERNETES_CONFIG', message: /--kube-api/ });
    });
  }
});
