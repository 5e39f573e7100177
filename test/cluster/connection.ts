/** Requests to an API server as a kubeconfig says: JSON in, JSON out, nothing dropped or defaulted on the way. */
import { KubeConfig } from '@kubernetes/client-node';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { ClusterError } from './errors.ts';

/** More than the API server's own limit of a webhook call (30 s), so that its answer, not ours, is what a test sees. */
const requestTimeoutMs = 40_000;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type RequestOptions = {
  /** `application/json`, for a PATCH `application/merge-patch+json`, unless this says otherwise. */
  readonly contentType?: string;
  /** A bearer token to use in place of the kubeconfig's user. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
};

const contentTypes: Partial<Record<Method, string>> = { PATCH: 'application/merge-patch+json' };

export type Answer = {
  readonly status: number;
  /** The parsed body where it is JSON, else its text. */
  readonly body: unknown;
  /** The texts of the Warning headers, in order. */
  readonly warnings: readonly string[];
};

export type Connection = {
  /** For example `https://127.0.0.1:6443`. */
  readonly origin: string;
  /** The authority's PEM in base64; undefined where the kubeconfig trusts the system's. */
  readonly authorityData: string | undefined;
  /** Returns any answer, whatever its status. A body that is a string is sent as it is, anything else as JSON. */
  request(method: Method, path: string, body?: unknown, options?: RequestOptions): Promise<Answer>;
  /** Closes the idle connections. */
  readonly close: () => void;
};

/** Returns a connection to the cluster of the current context of the kubeconfig at `kubeconfigPath`. */
export async function connect(kubeconfigPath: string): Promise<Connection> {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfigPath);
  const origin = kubeConfig.getCurrentCluster()?.server.replace(/\/$/, '');
  if (origin === undefined || !origin.startsWith('https://')) {
    throw new ClusterError(
      'ERR_CLUSTER_KUBECONFIG',
      `Expected ${kubeconfigPath} to have a current context with an https server, got ${origin ?? 'none'}: check current-context.`,
    );
  }
  const { ca } = await userOptions(kubeConfig);
  const agent = new https.Agent({ keepAlive: true });
  return {
    origin,
    authorityData: Buffer.isBuffer(ca) ? ca.toString('base64') : undefined,
    async request(method, path, body, options = {}) {
      const payload = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
      const headers: OutgoingHttpHeaders = { accept: 'application/json' };
      if (payload !== undefined) {
        headers['content-type'] = options.contentType ?? contentTypes[method] ?? 'application/json';
        headers['content-length'] = Buffer.byteLength(payload);
      }
      // Asked anew each time, since an exec plugin's token runs out.
      const user =
        options.token === undefined ? await userOptions(kubeConfig) : await tokenOptions(kubeConfig, options.token);
      Object.assign(headers, user.headers, options.headers);
      const signal = AbortSignal.timeout(options.timeoutMs ?? requestTimeoutMs);
      return send(`${origin}${path}`, { ...user, agent, headers, method, signal }, payload);
    },
    close: () => agent.destroy(),
  };
}

async function userOptions(kubeConfig: KubeConfig): Promise<https.RequestOptions> {
  const options: https.RequestOptions = {};
  await kubeConfig.applyToHTTPSOptions(options);
  return options;
}

/** The same server with a bearer token for a user: a client certificate beside it would win. */
async function tokenOptions(kubeConfig: KubeConfig, token: string): Promise<https.RequestOptions> {
  const { cert: _cert, key: _key, auth: _auth, ...server } = await userOptions(kubeConfig);
  return { ...server, headers: { authorization: `Bearer ${token}` } };
}

async function send(url: string, options: https.RequestOptions, payload: string | undefined): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    https.request(url, options, resolve).on('error', reject).end(payload);
  });
  const content = await text(response);
  return {
    status: response.statusCode ?? 0,
    body: isJson(response) ? (JSON.parse(content) as unknown) : content,
    warnings: (response.headersDistinct['warning'] ?? []).map(warningText),
  };
}

function isJson(response: IncomingMessage): boolean {
  return /^application\/(?:\S+\+)?json\b/.test(response.headers['content-type'] ?? '');
}

/** A header line is `299 - "text"`, where quotes and backslashes of the text are escaped. */
function warningText(header: string): string {
  const quoted = /^\d{3} \S+ "(.*)"$/s.exec(header)?.[1];
  return quoted?.replaceAll(/\\(.)/gs, '$1') ?? header;
}
