/** Tests what a run of the cluster tests says where there is no cluster to be had. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const runTimeoutMs = 30_000;
const mocha = path.join(import.meta.dirname, '..', '..', 'node_modules', 'mocha', 'bin', 'mocha.js');

/** Runs the tests of binaries.test.ts as `npm run test:cluster` would where nothing is built. */
function runWithoutCluster(environment: NodeJS.ProcessEnv): { status: number | null; stdout: string } {
  const nowhere = path.join(import.meta.dirname, 'nowhere');
  const { KUBECONFIG: _kubeconfig, KUBEBUILDER_ASSETS: _assets, CI: _ci, ...rest } = process.env;
  const hooks = path.join(import.meta.dirname, 'hooks.ts');
  const spec = path.join(import.meta.dirname, 'binaries.test.ts');
  const flags = ['--no-config', '--require', hooks, '--reporter', 'spec', spec];
  return spawnSync(process.execPath, [mocha, ...flags], {
    env: { ...rest, XDG_CACHE_HOME: nowhere, ...environment },
    encoding: 'utf8',
    timeout: runTimeoutMs,
  });
}

describe('a run without a cluster', () => {
  it('skips every test and says once why and what to run', () => {
    const { status, stdout } = runWithoutCluster({});
    assert.equal(status, 0);
    assert.match(stdout, /^ {2}0 passing/m);
    assert.match(stdout, /^ {2}\d+ pending$/m);
    const reasons = stdout.split('\n').filter((line) => line.startsWith('Cluster tests'));
    assert.equal(reasons.length, 1);
    assert.match(
      reasons[0] ?? '',
      /^Cluster tests are skipped: etcd, kube-apiserver, kube-controller-manager not found/,
    );
  });

  it('fails in CI', () => {
    const { status, stdout } = runWithoutCluster({ CI: 'true' });
    assert.equal(status, 1);
    assert.match(stdout, /^ {2}0 passing/m);
    assert.match(stdout, /ClusterError: etcd, kube-apiserver, kube-controller-manager not found/);
  });

  it('fails where KUBECONFIG names nothing', () => {
    const { status, stdout } = runWithoutCluster({ KUBECONFIG: '/nonexistent/kubeconfig' });
    assert.equal(status, 1);
    assert.match(stdout, /Expected KUBECONFIG to name one file that exists, got \/nonexistent\/kubeconfig/);
  });
});
