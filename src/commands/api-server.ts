// Reaches the API server as flags and environment say.
import { connect } from '../kubernetes/connect.ts';
import type { Connection } from '../kubernetes/connection.ts';

/** The flags that say how. */
export type ApiServerFlags = { readonly kubeconfig: string; readonly 'kube-api': string };

/** Returns the connection; rejects with a KubernetesError where nothing says how to reach an API server. */
export async function connectByFlags(
  flags: ApiServerFlags,
  environment: { readonly [name: string]: string | undefined },
): Promise<Connection> {
  return connect({
    kubeconfigPath: flags.kubeconfig,
    apiServerUrl: flags['kube-api'],
    serviceHost: environment['KUBERNETES_SERVICE_HOST'],
    servicePort: environment['KUBERNETES_SERVICE_PORT'],
  });
}
