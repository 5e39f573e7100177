/** Which Kubernetes release the tests run, read from go.mod alone, and the folder that keeps its binaries. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

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
  const goMod = readFileSync(path.join(moduleDirectory, 'go.mod'), 'utf8');
  const kubernetesVersion = firstGroup(
    goMod,
    /^\tk8s\.io\/kubernetes (v\S+)/m,
    'a required version of k8s.io/kubernetes',
  );
  const goVersion = firstGroup(goMod, /^go (\S+)$/m, 'a go directive');
  const hash = createHash('sha256')
    .update(goMod)
    .update(readFileSync(path.join(moduleDirectory, 'go.sum')))
    .update(`${process.platform}-${process.arch}`)
    .digest('hex')
    .slice(0, 12);
  const directory = path.join(cacheHome(environment), 'irsa-webhook', `kubernetes-${kubernetesVersion}-${hash}`);
  return { kubernetesVersion, goVersion, directory };
}

/** The XDG specification tells to ignore a relative XDG_CACHE_HOME. */
function cacheHome(environment: NodeJS.ProcessEnv): string {
  const configured = environment['XDG_CACHE_HOME'];
  return configured !== undefined && path.isAbsolute(configured) ? configured : path.join(homedir(), '.cache');
}

function firstGroup(text: string, pattern: RegExp, what: string): string {
  const group = pattern.exec(text)?.[1];
  if (group === undefined) throw new Error(`Expected ${what} in ${path.join(moduleDirectory, 'go.mod')}; found none.`);
  return group;
}
