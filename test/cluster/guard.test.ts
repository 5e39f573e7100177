/** Tests that nothing outlives a test run: not an orderly one, not one that is killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Cluster } from './cluster.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { openCluster } from './open-cluster.ts';
import { waitFor } from './wait-for.ts';

const goneTimeoutMs = 30_000;
const killedRunTimeoutMs = 120_000;

type OpenedElsewhere = { readonly directory: string; readonly namespace: string; readonly pids: readonly number[] };

/** Opens a cluster in another process, kills that, and returns what it had started. */
async function openAndKill(environment: NodeJS.ProcessEnv): Promise<OpenedElsewhere> {
  const program = path.join(import.meta.dirname, 'open-and-wait.ts');
  const child = spawn(process.execPath, [program], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const lines = createInterface({ input: child.stdout });
    const [line] = (await once(lines, 'line', { signal: AbortSignal.timeout(killedRunTimeoutMs) })) as unknown[];
    assert.ok(typeof line === 'string');
    const opened: unknown = JSON.parse(line);
    assert.ok(isOpenedElsewhere(opened));
    assert.ok(existsSync(opened.directory) && opened.pids.every(isAlive), 'all is there before the kill');
    return opened;
  } finally {
    child.kill('SIGKILL');
  }
}

function isOpenedElsewhere(value: unknown): value is OpenedElsewhere {
  return typeof value === 'object' && value !== null && 'directory' in value && 'namespace' in value && 'pids' in value;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The environment of a run on someone's cluster, which here is the one of this run. */
function someonesCluster(): NodeJS.ProcessEnv {
  return { ...process.env, KUBECONFIG: cluster().kubeconfigPath };
}

async function statusOf(objectPath: string): Promise<number> {
  const { status } = await cluster().request('GET', objectPath);
  return status;
}

describe('the guard', () => {
  it('stops the own control plane and removes its folder after a SIGKILL of the test process', async function () {
    needOwnControlPlane(this);
    this.timeout(killedRunTimeoutMs);
    const { KUBECONFIG: _, ...environment } = process.env;
    const { directory, pids } = await openAndKill(environment);
    assert.equal(pids.length, 3);
    await waitFor('all processes to be gone', () => !pids.some(isAlive) || undefined, goneTimeoutMs);
    await waitFor('the folder to be gone', () => !existsSync(directory) || undefined, goneTimeoutMs);
  });

  it("removes the run's objects from someone's cluster after a SIGKILL of the test process", async () => {
    const { directory, namespace } = await openAndKill(someonesCluster());
    const namespaceGone = async (): Promise<true | undefined> =>
      (await statusOf(`/api/v1/namespaces/${namespace}`)) === 404 || undefined;
    await waitFor('the namespace to be gone', namespaceGone, goneTimeoutMs);
    await waitFor('the folder to be gone', () => !existsSync(directory) || undefined, goneTimeoutMs);
  });

  describe("at the orderly end of a run on someone's cluster", () => {
    const kept = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' } };
    const admission = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
    const clusterRoles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
    let other: Cluster;
    let namespace: string;
    let theirs: string;

    before(async () => {
      theirs = `/api/v1/namespaces/${await cluster().createNamespace()}/configmaps`;
      await cluster().request('POST', theirs, kept);
      other = await openCluster(someonesCluster());
      namespace = await other.createNamespace();
      await other.create(admission, { metadata: { name: 'of-the-run' }, webhooks: [] });
      await other.create(clusterRoles, { metadata: { name: 'of-the-run' }, rules: [] });
      await other.create(theirs, { metadata: { name: 'of-the-run' } });
      await other.cleanUp();
    });

    it('its namespaces are gone', async () => {
      assert.equal(await statusOf(`/api/v1/namespaces/${namespace}`), 404);
    });

    it('its cluster-wide objects are gone', async () => {
      assert.equal(await statusOf(`${admission}/of-the-run`), 404);
      assert.equal(await statusOf(`${clusterRoles}/of-the-run`), 404);
    });

    it("its objects in others' namespaces are gone, and only its own", async () => {
      assert.equal(await statusOf(`${theirs}/of-the-run`), 404);
      assert.equal(await statusOf(`${theirs}/kept`), 200);
    });

    it('its folder is gone', () => {
      assert.equal(existsSync(other.directory), false);
    });

    it('the cluster goes on', () => {
      for (const pid of cluster().controlPlane?.pids.values() ?? []) assert.ok(isAlive(pid));
    });
  });
});
