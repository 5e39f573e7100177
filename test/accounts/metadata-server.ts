// An instance metadata service for tests: it demands IMDSv2's token, unless it is told to behave otherwise.
import type { RequestListener } from 'node:http';
import { startFakeApiServer } from '../kubernetes/fake-api-server.ts';
import type { Scope } from '../kubernetes/scope.ts';

const token = 'AQAEAtoken==';

export type MetadataServer = {
  readonly url: string;
  /** `METHOD path` of each request so far. */
  readonly requests: readonly string[];
  /** Behaves like that from now on, by the method of the request; what is not given is answered as it should be. */
  readonly behave: (listeners: { readonly PUT?: RequestListener; readonly GET?: RequestListener }) => void;
};

export const document = { accountId: '111122223333', region: 'cn-north-1', instanceId: 'i-1' };

/** Answers with this. */
export function answerWith(statusCode: number, body: string): RequestListener {
  return (_, response) => response.writeHead(statusCode).end(body);
}

const issueToken: RequestListener = ({ headers, url }, response) => {
  const isAsked = url === '/latest/api/token' && Number(headers['x-aws-ec2-metadata-token-ttl-seconds']) > 0;
  response.writeHead(isAsked ? 200 : 400).end(isAsked ? token : '');
};

const tellDocument: RequestListener = ({ headers, url }, response) => {
  if (headers['x-aws-ec2-metadata-token'] !== token) response.writeHead(401).end();
  else if (url !== '/latest/dynamic/instance-identity/document') response.writeHead(404).end();
  else response.end(JSON.stringify(document));
};

export async function startMetadataServer(scope: Scope): Promise<MetadataServer> {
  const requests: string[] = [];
  let listeners: Parameters<MetadataServer['behave']>[0] = {};
  const { url } = await startFakeApiServer(scope, (request, response) => {
    requests.push(`${String(request.method)} ${String(request.url)}`);
    const react = request.method === 'PUT' ? (listeners.PUT ?? issueToken) : (listeners.GET ?? tellDocument);
    react(request, response);
  });
  return {
    url,
    requests,
    behave: (changed) => {
      listeners = changed;
    },
  };
}
