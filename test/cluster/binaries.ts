/** Finds the binaries of the control plane: KUBEBUILDER_ASSETS first, then the cache that `npm run kubernetes` fills. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { BinaryName } from './kubernetes/release.ts';
import { readRelease } from './kubernetes/release.ts';

/** What a control plane consists of, in the order in which it starts. */
export const componentNames = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const;

export type ComponentName = (typeof componentNames)[number];

/** The path of each component's binary. */
export type Binaries = Readonly<Record<ComponentName, string>>;

/**
 * Returns all paths, or a sentence that tells which binary is missing and what to run.
 * The folder in KUBEBUILDER_ASSETS (envtest's convention) may lack kube-controller-manager, as envtest's own archive does.
 */
export function findBinaries(environment: NodeJS.ProcessEnv): { binaries: Binaries } | { reason: string } {
  const etcd = findBinary('etcd', environment);
  const apiServer = findBinary('kube-apiserver', environment);
  const controllerManager = findBinary('kube-controller-manager', environment);
  if (etcd !== undefined && apiServer !== undefined && controllerManager !== undefined) {
    return { binaries: { etcd, 'kube-apiserver': apiServer, 'kube-controller-manager': controllerManager } };
  }
  const missing = componentNames.filter((name) => findBinary(name, environment) === undefined).join(', ');
  return {
    reason: `${missing} not found (${placesLooked(environment)}): run \`npm run kubernetes\`, or set KUBECONFIG`,
  };
}

/** Returns the path of one binary, kubectl included, or undefined where neither place has it. */
export function findBinary(name: BinaryName, environment: NodeJS.ProcessEnv): string | undefined {
  return directories(environment)
    .map((directory) => path.join(directory, name))
    .find((candidate) => existsSync(candidate));
}

function directories(environment: NodeJS.ProcessEnv): string[] {
  const assets = environment['KUBEBUILDER_ASSETS'];
  const cache = readRelease(environment).directory;
  return assets === undefined || assets === '' ? [cache] : [assets, cache];
}

function placesLooked(environment: NodeJS.ProcessEnv): string {
  const [first, ...rest] = directories(environment);
  return rest.length === 0 ? `no KUBEBUILDER_ASSETS, nothing in ${first}` : `neither in ${first} nor in ${rest.join()}`;
}
