// The client of instance metadata against a service that is right, wrong, silent or hostile.
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import {
  type InstanceIdentity,
  InstanceMetadataError,
  readInstanceIdentity,
} from '../../src/accounts/instance-metadata.ts';
import { useScope } from '../kubernetes/scope.ts';
import { answerWith, document, startMetadataServer } from './metadata-server.ts';

const hang: RequestListener = () => undefined;
const never = new AbortController().signal;
const withDocument = (value: unknown) => ({ GET: answerWith(200, JSON.stringify(value)) });

/** The message of the InstanceMetadataError that it rejects with. */
async function faultOf(reading: Promise<InstanceIdentity>): Promise<string> {
  try {
    await reading;
  } catch (error) {
    assert.ok(error instanceof InstanceMetadataError, String(error));
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  return assert.fail('it was read');
}

describe('accounts/instance-metadata', () => {
  const scope = useScope();

  it('takes a token first, and tells account and region', async () => {
    const { url, requests } = await startMetadataServer(scope);
    assert.deepEqual(await readInstanceIdentity(url, never), { accountId: '111122223333', region: 'cn-north-1' });
    assert.deepEqual(requests, ['PUT /latest/api/token', 'GET /latest/dynamic/instance-identity/document']);
  });

  it('takes an endpoint with a slash or a path behind it', async () => {
    const { url, behave, requests } = await startMetadataServer(scope);
    await readInstanceIdentity(`${url}/`, never);
    behave({ PUT: answerWith(200, 'token'), GET: answerWith(200, JSON.stringify(document)) });
    await readInstanceIdentity(`${url}/proxy/`, never);
    assert.equal(requests.at(-1), 'GET /proxy/latest/dynamic/instance-identity/document');
  });

  it('tells the account also where there is no region', async () => {
    const { url, behave } = await startMetadataServer(scope);
    behave(withDocument({ accountId: '000000000001', region: 7 }));
    assert.deepEqual(await readInstanceIdentity(url, never), { accountId: '000000000001', region: '' });
  });

  for (const [what, behaviour, message] of [
    ['a token refused', { PUT: answerWith(403, '') }, /^expected 200 from .*\/latest\/api\/token, got 403$/],
    [
      'a token that never comes',
      { PUT: hang },
      /^expected an answer to PUT .*, got none within 1000 ms: does .* 2 hops/,
    ],
    ['an empty token', { PUT: answerWith(200, '') }, /^expected a token from /],
    ['a token that would break out of its header', { PUT: answerWith(200, 'a\r\nHost: b') }, /^expected a token from /],
    ['a token without an end', { PUT: answerWith(200, 'a'.repeat(65_537)) }, /^expected at most 65536 bytes from /],
    ['no document', { GET: answerWith(404, '') }, /^expected 200 from .*\/document, got 404$/],
    ['a redirect, which is not followed', { GET: redirect }, /^expected 200 from .*\/document, got 302$/],
    ['a document that never ends', { GET: dribble }, /^expected an answer to GET .*, got none within 1000 ms$/],
    ['a document without bounds', { GET: answerWith(200, ' '.repeat(65_537)) }, /^expected at most 65536 bytes from /],
    [
      'a document that is not JSON',
      { GET: answerWith(200, '<html>') },
      /accountId of 12 digits from .*, got no document$/,
    ],
    ['a document that is a list', withDocument([document]), /accountId of 12 digits from .*, got no document$/],
    ['no account', withDocument({ region: 'eu-west-1' }), /accountId of 12 digits from .*, got none in it$/],
    ['an account that is a number', withDocument({ accountId: 111122223333 }), /got none in it$/],
    ['an account with more behind it', withDocument({ accountId: '111122223333:role/x' }), /got none in it$/],
  ] as const) {
    it(`says what is wrong: ${what}`, async () => {
      const { url, behave } = await startMetadataServer(scope);
      behave(behaviour);
      assert.match(await faultOf(readInstanceIdentity(url, never)), message);
    });
  }

  it('says that nothing listens', async () => {
    assert.match(await faultOf(readInstanceIdentity('http://127.0.0.1:9', never)), /got connect ECONNREFUSED/);
  });

  for (const endpoint of ['169.254.169.254', 'https://localhost', 'file:///etc/passwd', 'not a URL\n']) {
    it(`takes no endpoint such as ${JSON.stringify(endpoint)}`, async () => {
      const message = await faultOf(readInstanceIdentity(endpoint, never));
      assert.match(message, /^expected a URL such as http:\/\/169\.254\.169\.254 in AWS_EC2_METADATA_SERVICE_ENDPOINT/);
    });
  }

  it('ends by its signal, in the middle and before it began', async () => {
    const { url, behave, requests } = await startMetadataServer(scope);
    const ending = new AbortController();
    behave({ PUT: () => ending.abort() });
    assert.match(await faultOf(readInstanceIdentity(url, ending.signal)), /abort/);
    assert.match(await faultOf(readInstanceIdentity(url, ending.signal)), /abort/);
    assert.equal(requests.length, 1);
  });
});

function redirect(..._: Parameters<RequestListener>): void {
  _[1].writeHead(302, { Location: 'http://127.0.0.1:9/' }).end();
}

/** Sends the head and a first piece, and then nothing. */
function dribble(...[, response]: Parameters<RequestListener>): void {
  response.writeHead(200, { 'Content-Length': '10' }).write('{');
}
