/** What a real API server writes into reviews that is not read. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { textWithoutManagedFields } from '../../src/admission/managed-fields.ts';
import { createSelfSignedPair } from '../../src/certificates/self-signed.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { register } from './registration.ts';

const host = '127.0.0.1';

/** Answers all reviews, and hands over each body as it came. */
async function startRecording() {
  const pair = await createSelfSignedPair([host]);
  const bodies: string[] = [];
  const server = createServer(pair, (message, response) => {
    void text(message).then((body) => {
      bodies.push(body);
      const uid = /"uid":"([^"]+)"/.exec(body)?.[1];
      const answer = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } };
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer));
      return undefined;
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  return {
    bodies,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    caBundle: Buffer.from(pair.cert).toString('base64'),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe('the managedFields of a review', () => {
  let recording: Awaited<ReturnType<typeof startRecording>> | undefined;

  before(async function () {
    needOwnControlPlane(this);
    recording = await startRecording();
  });

  after(() => recording?.close());

  it('are written as they are looked for, so that nothing of them is parsed', async () => {
    assert.ok(recording);
    const { bodies, port, caBundle } = recording;
    const namespace = await cluster().createNamespace();
    await register(cluster(), { name: 'recording', namespace, route: 'url', port, caBundle, reviewVersions: ['v1'] });
    const variables = Array.from({ length: 24 }, (_, index) => ({ name: `SETTING_${String(index)}`, value: '"],[' }));
    await cluster().create(`/api/v1/namespaces/${namespace}/pods`, {
      metadata: { name: 'cart', labels: { app: 'cart' } },
      spec: { containers: [{ name: 'app', image: 'registry.invalid/app', env: variables }] },
    });
    const body = bodies.find((one) => one.includes('"name":"cart"')) ?? '';
    assert.ok(body.includes('"managedFields"'));
    const cut = textWithoutManagedFields(Buffer.from(body));
    assert.equal(cut.includes('"managedFields"'), false);
    process.stdout.write(`      ${body.length} bytes, ${cut.length} of them parsed\n`);
    const wanted: unknown = JSON.parse(body, (key, value: unknown) => (key === 'managedFields' ? undefined : value));
    assert.deepEqual(JSON.parse(cut), wanted);
  });
});
