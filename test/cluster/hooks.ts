/** Mocha's root hooks of the cluster tests: one cluster for the whole run. */
import type { Cluster } from './cluster.ts';
import { ClusterError } from './errors.ts';
import { openCluster } from './open-cluster.ts';

const openTimeoutMs = 120_000;
const cleanUpTimeoutMs = 180_000;

let opened: Cluster | undefined;

/** Returns the cluster of this run; to be called inside tests and hooks, not while files are loaded. */
export function cluster(): Cluster {
  if (opened === undefined)
    throw new Error('Expected to be called inside a test, got called before the cluster was opened.');
  return opened;
}

export const mochaHooks = {
  /** Skips every test where there is no cluster to be had, but fails in CI, where skipped tests would look like passed ones. */
  async beforeAll(this: Mocha.Context): Promise<void> {
    this.timeout(openTimeoutMs);
    try {
      opened = await openCluster(process.env);
    } catch (error) {
      const noCluster = error instanceof ClusterError && error.code === 'ERR_CLUSTER_BINARIES';
      if (!noCluster || process.env['CI'] === 'true') throw error;
      process.stdout.write(`Cluster tests are skipped: ${error.message}\n`);
      this.skip();
    }
  },

  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(cleanUpTimeoutMs);
    await opened?.cleanUp();
  },
};
