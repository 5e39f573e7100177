/** Which Kubernetes release the tests run, read from go.mod alone, and the folder that keeps its binaries. */
import { cacheFolder, readPins } from '../../go-modules/pins.ts';

/** The folder of the Go module that pins etcd and Kubernetes. */
export const moduleDirectory = import.meta.dirname;

/** The binaries by their file names, which are envtest's too, in the order in which they are built. */
export const binaryNames = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;

export type BinaryName = (typeof binaryNames)[number];

/** The Go package that makes each binary. */
export const binaryPackages: Readonly<Record<BinaryName, string>> = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
};

export type Release = {
  /** As go.mod has it, for example `v1.36.3`. */
  readonly kubernetesVersion: string;
  /** The oldest Go that builds it, for example `1.26.0`. */
  readonly goVersion: string;
  /** The cache folder of exactly these pins on this platform; it need not exist. */
  readonly directory: string;
};

/** Returns the pinned release. The cache follows XDG_CACHE_HOME of `environment`, as any cache of a user should. */
export function readRelease(environment: NodeJS.ProcessEnv): Release {
  const { goVersion, hash, versionOf } = readPins(moduleDirectory);
  const kubernetesVersion = versionOf('k8s.io/kubernetes');
  return { kubernetesVersion, goVersion, directory: cacheFolder(`kubernetes-${kubernetesVersion}-${hash}`, environment) };
}
