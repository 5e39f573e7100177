/** A real control plane for a person to try things on: started by `npm run cluster`, gone after Ctrl-C. */
import { once } from 'node:events';
import path from 'node:path';
import { findBinary } from './binaries.ts';
import { ClusterError } from './errors.ts';
import { openCluster } from './open-cluster.ts';

try {
  const { KUBECONFIG: _someonesCluster, ...environment } = process.env;
  process.stderr.write('Starting etcd, kube-apiserver and kube-controller-manager ...\n');
  const cluster = await openCluster(environment);
  const kubectl = findBinary('kubectl', environment);
  process.stdout.write(
    [
      `A Kubernetes API server is running at ${cluster.origin}. In another terminal:`,
      '',
      `  export KUBECONFIG=${cluster.kubeconfigPath}`,
      ...(kubectl === undefined ? [] : [`  export PATH="${path.dirname(kubectl)}:$PATH"`]),
      '  kubectl get namespaces',
      '',
      'It has no nodes: pods are created and stay Pending. Ctrl-C stops it and removes everything.',
      '',
    ].join('\n'),
  );
  // A listener for a signal alone does not keep a process.
  const keepAlive = setInterval(() => undefined, 60_000);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  clearInterval(keepAlive);
  await cluster.cleanUp();
} catch (error) {
  if (!(error instanceof ClusterError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
