// Chooses how to reach the API server.

import { createAnonymousConnection, type Connection, parseApiServerUrl } from './connection.ts';
import { createInClusterConnection } from './in-cluster.ts';

/** What flags and environment say; an empty text is the same as undefined. */
export type ConnectOptions = {
  /** --kubeconfig */
  readonly kubeconfigPath: string | undefined;
  /** --kube-api */
  readonly apiServerUrl: string | undefined;
  /** KUBERNETES_SERVICE_HOST */
  readonly serviceHost: string | undefined;
  /** KUBERNETES_SERVICE_PORT */
  readonly servicePort: string | undefined;
};

/**
 * Returns the connection that client-go's clientcmd.BuildConfigFromFlags(apiServerUrl, kubeconfigPath) would:
 * neither -> in cluster; the URL alone -> that server without credentials; a kubeconfig -> its current context, with
 * the URL in place of its server when both are given. Rejects with a KubernetesError.
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { kubeconfigPath, apiServerUrl } = options;
  if (kubeconfigPath) {
    // Loads client-node, 18 MB and 80 ms, which a pod never needs.
    const { createKubeconfigConnection } = await import('./kubeconfig.ts');
    return createKubeconfigConnection({ kubeconfigPath, apiServerUrl });
  }
  if (apiServerUrl) return createAnonymousConnection(parseApiServerUrl(apiServerUrl, 'http', '--kube-api'));
  return createInClusterConnection(options);
}
