/** Tests the reflector against an API server whose etcd has lost everything, so that versions start anew. */
import assert from 'node:assert/strict';
import type { Cluster } from './cluster.ts';
import { openCluster } from './open-cluster.ts';
import { startReflector, waitUntilEqual } from './reflected-accounts.ts';

/** A reflector that just failed may wait 30 s for the restarted API server. */
const resumeTimeoutMs = 60_000;
const namespace = 'default';
const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;

describe('the reflector, when etcd is emptied', function () {
  this.timeout(240_000);
  /** One of its own: nobody else's would be fit for anything afterwards. */
  let own: Cluster | undefined;

  before(async () => {
    const { KUBECONFIG: _someonesCluster, ...environment } = process.env;
    own = await openCluster(environment);
  });

  after(async () => own?.cleanUp());

  it('ends equal to a fresh list, though the new versions are lower than the one it stands at', async () => {
    assert.ok(own?.controlPlane);
    const { controlPlane } = own;
    const put = async (name: string, role: string): Promise<void> => {
      await own?.create(accounts, { metadata: { name, annotations: { 'example.com/role': role } } });
    };
    for (let index = 0; index < 300; index += 1) await put(`account-${String(index)}`, 'first-life');
    const reflector = await startReflector(own, namespace);
    try {
      await reflector.synced();
      assert.equal(reflector.entries().get('account-299'), 'first-life');
      await controlPlane.kill('kube-apiserver');
      await controlPlane.kill('etcd');
      await controlPlane.startEtcd('emptied');
      await controlPlane.startApiServer();
      const backMs = performance.now();
      await put('account-7', 'second-life');
      await put('new', 'second-life');
      await waitUntilEqual(own, namespace, reflector.entries, resumeTimeoutMs);
      assert.equal(reflector.entries().get('account-7'), 'second-life');
      assert.equal(reflector.entries().has('account-8'), false);
      assert.deepEqual(reflector.relists, ['version_went_back']);
      const tookMs = performance.now() - backMs;
      process.stdout.write(`      in step ${tookMs.toFixed(0)} ms after the return\n`);
    } finally {
      await reflector.stop();
    }
  });
});
