/** Builds etcd, the Kubernetes control plane and kubectl from the pinned Go modules into the user's cache. */
import { runBuild } from '../../go-modules/build.ts';
import { binaryNames, binaryPackages, moduleDirectory, readRelease } from './release.ts';

const { kubernetesVersion, goVersion, directory } = readRelease(process.env);

await runBuild({
  label: `Kubernetes ${kubernetesVersion}`,
  moduleDirectory,
  goVersion,
  directory,
  binaries: binaryNames.map((name) => ({
    name,
    packagePath: binaryPackages[name],
    // Unstamped, the API server calls itself v0.0.0 and rejects --emulated-version.
    linkerFlags: `-X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`,
  })),
  withoutGo: 'set KUBEBUILDER_ASSETS to a folder that holds etcd, kube-apiserver and kube-controller-manager',
});
