// The connection that a kubeconfig file describes. The only importer of client-node; load this file by import().

import { type Cluster, KubeConfig, type User } from '@kubernetes/client-node';
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createBearerTokenFile } from './bearer-token.ts';
import { type Connection, parseApiServerUrl, type TlsOptions } from './connection.ts';
import { withDeadline } from './deadline.ts';
import { KubernetesError } from './errors.ts';
import { credentialFault, prepareExecPlugin } from './exec-plugin.ts';
import { type KubeconfigDocument, kubeconfigError, readKubeconfigDocument, userFields } from './kubeconfig-document.ts';

/** An exec plugin that asks its cloud for a token takes a second or two; one that asks a person never ends. */
const defaultCredentialTimeoutMs = 60_000;

/** What the connection is made of. */
export type KubeconfigOptions = {
  readonly kubeconfigPath: string;
  /** Takes the place of the server of the current context's cluster. */
  readonly apiServerUrl?: string | undefined;
  /** A clock that only goes forward, in milliseconds. */
  readonly now?: () => number;
  /** For one run of an exec plugin; default one minute. */
  readonly credentialTimeoutMs?: number;
};

/**
 * Returns the connection of the file's current context: client certificate, token, tokenFile, password, exec plugin or
 * auth provider. Rejects with ERR_KUBERNETES_CONFIG when the file does not say what is needed or asks for what is not
 * supported here (proxy-url, impersonation), with ERR_KUBERNETES_CREDENTIAL when the first credential fails. The file
 * itself is read once, as in client-go; the files it names and its plugin are asked again as they change or expire.
 */
export async function createKubeconfigConnection(options: KubeconfigOptions): Promise<Connection> {
  const { kubeconfigPath: path, apiServerUrl } = options;
  const { now = () => performance.now(), credentialTimeoutMs = defaultCredentialTimeoutMs } = options;
  const folder = dirname(resolve(path));
  const document = readKubeconfigDocument(path);
  const { cluster, user } = findCurrent(document, folder, path);
  const { tokenFile: tokenFileName, ...unsupported } = userFields(document, user.name);
  refuseUnsupported(cluster, unsupported, path);

  // https where neither says: a credential may follow. (client-go: http where the file names no certificate.)
  const origin = apiServerUrl
    ? parseApiServerUrl(apiServerUrl, 'https', '--kube-api')
    : parseApiServerUrl(cluster.server, 'https', `the cluster's server of ${path}`);
  const createKubeConfig = () => {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromClusterAndUser(replaceServer(cluster, origin, Boolean(apiServerUrl)), {
      ...user,
      exec: prepareExecPlugin(user.exec, folder),
    });
    return kubeConfig;
  };
  const tokenFile =
    typeof tokenFileName === 'string'
      ? createBearerTokenFile(resolve(folder, tokenFileName), now, `check tokenFile in ${path}`)
      : undefined;

  let kubeConfig = createKubeConfig();
  let current: Access = { authorization: undefined, tls: {} };
  let asking: Promise<Access> | undefined;
  /** Whether what it says has been had, and not been refused since. */
  let isGood = false;

  const ask = async () => {
    const access = await readAccess(kubeConfig, path, credentialTimeoutMs).catch((error: unknown) => {
      // A certificate file that is being replaced: what it held last stays, until the API server refuses it.
      if (isGood && isMissingFile(error)) return current;
      throw toCredentialError(error, path);
    });
    isGood = true;
    const authorization = tokenFile?.authorization() ?? access.authorization;
    // The same object for the same content, or the transport would reconnect at every call.
    current = { authorization, tls: isDeepStrictEqual(access.tls, current.tls) ? current.tls : access.tls };
    return current;
  };
  /** Calls that come at once share one run of an exec plugin. */
  const askOnce = () =>
    (asking ??= ask().finally(() => {
      asking = undefined;
    }));

  await askOnce();
  return {
    origin,
    tls: () => current.tls,
    authorization: async () => (await askOnce()).authorization,
    refused(authorization) {
      // Another call was refused with the same credential before, and it has been replaced since.
      if (authorization !== current.authorization) return;
      isGood = false;
      tokenFile?.expire();
      // Only a new KubeConfig forgets what an exec plugin said.
      kubeConfig = createKubeConfig();
    },
  };
}

/** A credential and the TLS options that belong to it. */
type Access = { readonly authorization: string | undefined; readonly tls: TlsOptions };

function findCurrent(document: KubeconfigDocument, folder: string, path: string): { cluster: Cluster; user: User } {
  const kubeConfig = loadDocument(document, path);
  kubeConfig.makePathsAbsolute(folder);
  const names = kubeConfig.getContexts().map(({ name }) => name);
  const context = kubeConfig.getContextObject(kubeConfig.getCurrentContext());
  if (context === null) {
    const got: unknown = kubeConfig.getCurrentContext();
    throw kubeconfigError(
      `Expected current-context in ${path} to be one of its contexts (${names.join(', ') || 'it has none'}), got ` +
        `${got ? JSON.stringify(got) : 'none'}: kubectl config use-context NAME --kubeconfig ${path}`,
    );
  }
  const cluster = kubeConfig.getCurrentCluster();
  const user = kubeConfig.getCurrentUser() ?? (context.user ? null : { name: 'anonymous' });
  if (cluster === null || user === null) {
    const missing = cluster === null ? `cluster ${context.cluster}` : `user ${context.user}`;
    throw kubeconfigError(`Expected the ${missing} of context ${context.name} in ${path}, got none of that name`);
  }
  return { cluster, user };
}

function loadDocument(document: KubeconfigDocument, path: string): KubeConfig {
  const kubeConfig = new KubeConfig();
  try {
    // JSON is YAML, so this cannot fail as a text; one parser has decided what the file says.
    kubeConfig.loadFromString(JSON.stringify(document));
  } catch (error) {
    throw kubeconfigError(`Expected a kubeconfig in ${path}, got: ${error instanceof Error ? error.message : 'none'}`);
  }
  return kubeConfig;
}

/** Leaving these out would call another place, or as another user, than the file says. */
function refuseUnsupported(cluster: Cluster, user: Readonly<Record<string, unknown>>, path: string): void {
  const impersonation = ['as', 'as-uid', 'as-groups', 'as-user-extra'].find((name) => user[name]);
  const field = cluster.proxyUrl ? 'proxy-url' : impersonation;
  if (field === undefined) return;
  throw kubeconfigError(`Expected a current context without ${field} in ${path}: it is not supported here`);
}

/** A server given by flag clears the certificate name of the one in the file: clientcmd client_config.go, getCluster. */
function replaceServer({ tlsServerName, ...cluster }: Cluster, origin: URL, isOverridden: boolean): Cluster {
  return {
    ...cluster,
    server: origin.href,
    // client-node refuses http without this; there is nothing to verify there.
    skipTLSVerify: cluster.skipTLSVerify || origin.protocol === 'http:',
    ...(tlsServerName !== undefined && !isOverridden && { tlsServerName }),
  };
}

/** Asks client-node, which reads the certificate files and runs an exec plugin whose answer has expired. */
async function readAccess(kubeConfig: KubeConfig, path: string, timeoutMs: number): Promise<Access> {
  const limits = { timeoutMs, signals: [], expected: () => `a credential as in ${path}` };
  const options: RequestOptions & { headers: Record<string, string> } = { headers: {} };
  await withDeadline(limits, () => kubeConfig.applyToHTTPSOptions(options));
  const { ca, cert, key, servername, rejectUnauthorized, auth } = options;
  const basic = auth ? `Basic ${Buffer.from(auth).toString('base64')}` : undefined;
  return {
    authorization: options.headers['Authorization'] ?? basic,
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(servername !== undefined && { servername }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    },
  };
}

/** Not a plugin that is missing, whose error has the same code. */
function isMissingFile(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'open';
}

function toCredentialError(error: unknown, path: string): KubernetesError {
  if (error instanceof KubernetesError) return error;
  return new KubernetesError(
    'ERR_KUBERNETES_CREDENTIAL',
    `Expected a credential as in ${path}, got ${credentialFault(error)}`,
  );
}
