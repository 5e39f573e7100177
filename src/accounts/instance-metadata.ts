// Asks the instance metadata service (IMDSv2) in which AWS account and region this node is.

// Two requests by node:http: the AWS SDK would bring megabytes for them, and its retries and IMDSv1 are not wanted. Nor
// is fetch, which follows redirects and loads a second HTTP client.
import { request, type IncomingMessage } from 'node:http';
import { isAccountId } from '../identity/compose-role-arn.ts';
import { asObject, asString } from '../identity/json.ts';

/** Where the service answers on every EC2 instance; AWS_EC2_METADATA_SERVICE_ENDPOINT is its other place in all SDKs. */
export const defaultMetadataEndpoint = 'http://169.254.169.254';

/** Each request from its start to the end of its body. The service is on the node itself and answers within 10 ms. */
const requestTimeoutMs = 1_000;
/** The document has about 500 bytes. */
const maxBodyBytes = 64 * 1024;
/** The token is used once, at once. */
const tokenLifetimeSeconds = 60;

/** What the instance identity document says. */
export type InstanceIdentity = {
  /** 12 digits. */
  readonly accountId: string;
  /** As it came, any text; empty where there is none. */
  readonly region: string;
};

/** The service did not say what was asked; the message is one line. */
export class InstanceMetadataError extends Error {
  override readonly name = 'InstanceMetadataError';
  readonly code = 'ERR_INSTANCE_METADATA';
}

/**
 * Returns what the service at `endpoint` says, after at most two seconds. Whoever answers there may be anybody: bodies are
 * bounded and what they hold is checked. Rejects with an {@link InstanceMetadataError}, also where the signal ends it.
 */
export async function readInstanceIdentity(endpoint: string, signal: AbortSignal): Promise<InstanceIdentity> {
  const token = await ask(endpoint, signal, {
    method: 'PUT',
    path: '/latest/api/token',
    headers: { 'X-aws-ec2-metadata-token-ttl-seconds': String(tokenLifetimeSeconds) },
  });
  // It goes into a header.
  if (!/^[\x21-\x7e]{1,1024}$/.test(token)) {
    throw new InstanceMetadataError(`expected a token from ${endpoint}/latest/api/token, got none`);
  }
  const document = await ask(endpoint, signal, {
    method: 'GET',
    path: '/latest/dynamic/instance-identity/document',
    headers: { 'X-aws-ec2-metadata-token': token },
  });
  return readDocument(document, endpoint);
}

function readDocument(text: string, endpoint: string): InstanceIdentity {
  const document = asObject(parseJson(text));
  const accountId = asString(document?.['accountId']);
  if (accountId === undefined || !isAccountId(accountId)) {
    throw new InstanceMetadataError(
      `expected a document with an accountId of 12 digits from ${endpoint}, got ${document === undefined ? 'no document' : 'none in it'}`,
    );
  }
  return { accountId, region: asString(document?.['region']) ?? '' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

type Question = {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
};

/** Returns the body of a 200. */
async function ask(endpoint: string, signal: AbortSignal, { method, path, headers }: Question): Promise<string> {
  const url = urlOf(endpoint, path);
  const timeout = AbortSignal.timeout(requestTimeoutMs);
  try {
    const response = await answerTo(url, { method, headers, signal: AbortSignal.any([signal, timeout]) });
    return await readBody(response, url);
  } catch (error) {
    if (error instanceof InstanceMetadataError) throw error;
    throw new InstanceMetadataError(
      `expected an answer to ${method} ${url.href}, got ${timeout.aborted ? lateReason(method) : reasonOf(error)}`,
      { cause: error },
    );
  }
}

function urlOf(endpoint: string, path: string): URL {
  const url = URL.parse(endpoint.replace(/\/+$/, '') + path);
  if (url?.protocol === 'http:') return url;
  throw new InstanceMetadataError(
    `expected a URL such as ${defaultMetadataEndpoint} in AWS_EC2_METADATA_SERVICE_ENDPOINT, got ${JSON.stringify(endpoint.slice(0, 100))}`,
  );
}

/** To a container the answer to the PUT does not even come where the instance allows one hop only, the default. */
function lateReason(method: Question['method']): string {
  const advice = method === 'PUT' ? ': does the instance allow 2 hops (HttpPutResponseHopLimit)?' : '';
  return `none within ${String(requestTimeoutMs)} ms${advice}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type RequestParts = Pick<Question, 'method' | 'headers'> & { readonly signal: AbortSignal };

function answerTo(url: URL, { method, headers, signal }: RequestParts): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // An agent of its own: nothing is kept open between two questions.
    const sent = request(url, { method, headers, signal, agent: false });
    sent.on('error', reject).on('response', resolve);
    sent.on('close', () => {
      reject(new Error('the request was closed before an answer came'));
    });
    sent.end();
  });
}

async function readBody(response: IncomingMessage, url: URL): Promise<string> {
  const { statusCode = 0 } = response;
  if (statusCode !== 200) {
    response.destroy();
    throw new InstanceMetadataError(`expected 200 from ${url.href}, got ${String(statusCode)}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) {
      throw new InstanceMetadataError(`expected at most ${String(maxBodyBytes)} bytes from ${url.href}, got more`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
