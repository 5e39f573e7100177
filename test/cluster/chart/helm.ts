/** Runs Helm against the test cluster, with folders of its own in place of the user's. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Cluster } from '../cluster.ts';

/** Longer than any `--timeout` that a test gives. */
const longestMs = 150_000;

/** Runs it with these arguments and returns all that it prints, logs of hooks among it; rejects with its own words where it fails. */
export type Helm = (...args: readonly string[]) => Promise<string>;

/** Returns a function that runs the Helm at `helmPath`. */
export function createHelm(helmPath: string, cluster: Cluster): Helm {
  const folder = path.join(cluster.directory, 'helm');
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    KUBECONFIG: cluster.kubeconfigPath,
    HELM_CACHE_HOME: path.join(folder, 'cache'),
    HELM_CONFIG_HOME: path.join(folder, 'config'),
    HELM_DATA_HOME: path.join(folder, 'data'),
  };
  return async (...args) => {
    try {
      const printed = await promisify(execFile)(helmPath, args, { env: environment, timeout: longestMs });
      return printed.stdout + printed.stderr;
    } catch (error) {
      if (!(error instanceof Error && 'stderr' in error)) throw error;
      const stdout = 'stdout' in error ? String(error.stdout) : '';
      throw new Error(`helm ${args.join(' ')}: ${String(error.stderr)}${stdout}`, { cause: error });
    }
  };
}
