/** What a real API server writes into reviews that is not read. */
import assert from 'node:assert/strict';
import { textWithoutManagedFields } from '../../src/admission/managed-fields.ts';
import { type CountingWebhook, startCountingWebhook } from './counting-webhook.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { register } from './registration.ts';

describe('the managedFields of a review', () => {
  let webhook: CountingWebhook | undefined;

  before(async function () {
    needOwnControlPlane(this);
    webhook = await startCountingWebhook(cluster().webhookHost);
  });

  after(() => webhook?.close());

  it('are written as they are looked for, so that nothing of them is parsed', async () => {
    assert.ok(webhook);
    const { reviews, port, caBundle } = webhook;
    const namespace = await cluster().createNamespace();
    await register(cluster(), { name: 'recording', namespace, route: 'url', port, caBundle, reviewVersions: ['v1'] });
    const variables = Array.from({ length: 24 }, (_, index) => ({ name: `SETTING_${String(index)}`, value: '"],[' }));
    await cluster().create(`/api/v1/namespaces/${namespace}/pods`, {
      metadata: { name: 'cart', labels: { app: 'cart' } },
      spec: { containers: [{ name: 'app', image: 'registry.invalid/app', env: variables }] },
    });
    const body = reviews.find(({ object }) => object === 'cart')?.body ?? '';
    assert.ok(body.includes('"managedFields"'));
    const cut = textWithoutManagedFields(Buffer.from(body));
    assert.equal(cut.includes('"managedFields"'), false);
    process.stdout.write(`      ${body.length} bytes, ${cut.length} of them parsed\n`);
    const wanted: unknown = JSON.parse(body, (key, value: unknown) => (key === 'managedFields' ? undefined : value));
    assert.deepEqual(JSON.parse(cut), wanted);
  });
});
