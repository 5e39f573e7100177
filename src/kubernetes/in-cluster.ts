// The connection that Kubernetes gives to every pod: two variables and the folder of the service account.

import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { createBearerTokenFile } from './bearer-token.ts';
import { type Connection, parseApiServerUrl, type TlsOptions } from './connection.ts';
import { KubernetesError } from './errors.ts';
import { createLastGoodFile } from './last-good-file.ts';

/** Where the ServiceAccount admission plugin mounts token and ca.crt. */
const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** A CA that was replaced is seen at the next call after this; a read a call would cost 20 us each. */
const certificateAuthorityMaxAgeMs = 1_000;

/** What the connection is made of. */
export type InClusterOptions = {
  /** KUBERNETES_SERVICE_HOST: a name or an address. */
  readonly serviceHost: string | undefined;
  /** KUBERNETES_SERVICE_PORT. */
  readonly servicePort: string | undefined;
  /** Holds `token` and `ca.crt`. */
  readonly folder?: string;
  /** A clock that only goes forward, in milliseconds. */
  readonly now?: () => number;
};

/**
 * Returns the in-cluster connection: always https, as client-go's InClusterConfig. Throws ERR_KUBERNETES_CONFIG outside
 * a cluster. Both files are followed as the kubelet rotates them, and their last good text is kept; without a ca.crt
 * the system's authorities count, as in client-go.
 */
export function createInClusterConnection(options: InClusterOptions): Connection {
  const { folder = serviceAccountFolder, now = () => performance.now() } = options;
  const origin = parseServiceUrl(options.serviceHost, options.servicePort);
  const token = createBearerTokenFile(
    join(folder, 'token'),
    now,
    'is automountServiceAccountToken false for this pod or its service account?',
  );
  const authority = createLastGoodFile({ path: join(folder, 'ca.crt'), maxAgeMs: certificateAuthorityMaxAgeMs, now });

  let tls: TlsOptions = {};
  return {
    origin,
    tls() {
      const ca = authority.read();
      if (ca !== undefined && ca !== tls.ca) tls = { ca };
      return tls;
    },
    authorization: () => token.authorization(),
    refused: () => token.expire(),
  };
}

function parseServiceUrl(serviceHost: string | undefined, servicePort: string | undefined): URL {
  if (!serviceHost) throw notInCluster('KUBERNETES_SERVICE_HOST');
  if (!servicePort) throw notInCluster('KUBERNETES_SERVICE_PORT');
  const host = isIPv6(serviceHost) ? `[${serviceHost}]` : serviceHost;
  return parseApiServerUrl(
    `https://${host}:${servicePort}`,
    'https',
    'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT',
  );
}

function notInCluster(variable: string): KubernetesError {
  return new KubernetesError(
    'ERR_KUBERNETES_CONFIG',
    `Expected the variables KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT that every pod has, got no ${variable}: ` +
      'outside a cluster use --kubeconfig PATH, --kube-api URL, or --service-accounts PATH for none at all',
  );
}
