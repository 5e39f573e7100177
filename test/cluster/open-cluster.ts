/** Opens the cluster that the tests run against: the one that KUBECONFIG names, otherwise an own control plane. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { findBinaries } from './binaries.ts';
import type { Cluster, ClusterParts } from './cluster.ts';
import { makeCluster } from './cluster.ts';
import { connect } from './connection.ts';
import type { ControlPlaneOptions } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { ClusterError } from './errors.ts';
import type { GuardedRun } from './guarded-run.ts';
import { startGuardedRun } from './guarded-run.ts';

/** What the own control plane may differ in; someone's cluster is as it is. */
export type OpenOptions = Omit<ControlPlaneOptions, 'binaries'>;

/** Opens the cluster from its start to what makes it ours alone or theirs. */
type Opener = (run: GuardedRun) => Promise<Pick<ClusterParts, 'kubeconfigPath' | 'controlPlane'>>;

/**
 * Returns the cluster. Reads KUBECONFIG, KUBEBUILDER_ASSETS, XDG_CACHE_HOME and IRSA_TEST_WEBHOOK_HOST of `environment`.
 * Throws ClusterError ERR_CLUSTER_BINARIES where there is neither a cluster nor what an own one is made of.
 */
export async function openCluster(environment: NodeJS.ProcessEnv, options: OpenOptions = {}): Promise<Cluster> {
  const kubeconfig = environment['KUBECONFIG'] ?? '';
  const runId = randomBytes(6).toString('hex');
  const open = kubeconfig === '' ? ownControlPlane(environment, options) : existingCluster(kubeconfig, runId);
  const run = await startGuardedRun();
  try {
    const { kubeconfigPath, controlPlane } = await open(run);
    const connection = await connect(kubeconfigPath);
    const webhookHost = environment['IRSA_TEST_WEBHOOK_HOST'] ?? '127.0.0.1';
    return makeCluster({ run, connection, kubeconfigPath, webhookHost, runId, controlPlane });
  } catch (error) {
    await run.end();
    throw error;
  }
}

function ownControlPlane(environment: NodeJS.ProcessEnv, options: OpenOptions): Opener {
  const found = findBinaries(environment);
  if ('reason' in found) throw new ClusterError('ERR_CLUSTER_BINARIES', found.reason);
  return async (run) => {
    const controlPlane = await startControlPlane(run, { ...options, binaries: found.binaries });
    return { kubeconfigPath: controlPlane.kubeconfigPath, controlPlane };
  };
}

function existingCluster(kubeconfig: string, runId: string): Opener {
  const kubeconfigPath = path.resolve(kubeconfig);
  if (!existsSync(kubeconfigPath)) {
    throw new ClusterError(
      'ERR_CLUSTER_KUBECONFIG',
      `Expected KUBECONFIG to name one file that exists, got ${kubeconfig}: name one, or unset it for an own control plane.`,
    );
  }
  return async (run) => {
    run.removeLeftoversAtEnd(kubeconfigPath, runId);
    return { kubeconfigPath, controlPlane: undefined };
  };
}
