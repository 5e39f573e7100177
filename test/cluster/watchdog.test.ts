/** What others do to the caBundle, the Secret and the configuration is put right within 5 s, while pods are created. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCertificates } from '../../src/certificates/pem.ts';
import { createPair } from '../kubernetes/certificates.ts';
import { createAccount, roleArn } from './accounts.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { isInjected, podManifest } from './pods.ts';
import { createPods, type FailedCreate, type PodRate } from './pod-stream.ts';
import { waitUntilEnforced } from './registration.ts';
import { type Installation, installSelfManaged, readBundles, type Times } from './self-managed.ts';
import { servedAt } from './handshakes.ts';
import { waitFor } from './wait-for.ts';
import { waitUntilReady, type WebhookProcess } from './webhook-process.ts';

/** Nothing is renewed meanwhile, but by what is done here. */
const times: Times = { leaf: '60s', authority: '10m', delay: '2s', lease: '4s' };
const rate: PodRate = { perSecond: 20, atOnce: 0 };
const rightWithinMs = 5_000;
const quietMs = 3_000;

const encode = (pem: string): string => Buffer.from(pem).toString('base64');

describe('what others do to certificates that the webhook manages itself', function () {
  this.timeout(120_000);
  let installation: Installation;
  let replicas: WebhookProcess[];
  let foreign: string;

  before(async function () {
    needOwnControlPlane(this);
    const namespace = await cluster().createNamespace();
    await createAccount(namespace, 'with-role', { 'role-arn': roleArn });
    installation = await installSelfManaged(cluster(), namespace, times);
    foreign = (await createPair([])).cert;
    replicas = await Promise.all(['one', 'two'].map((name) => installation.startReplica(name)));
    await Promise.all(replicas.map(waitUntilReady));
    installation.balancer.use(replicas.map(({ port }) => port));
    // A second webhook of the same configuration, for nobody's pods.
    const { webhooks } = await cluster().get<{ webhooks: { name: string }[] }>(installation.configurationPath);
    const second = {
      ...webhooks[0],
      name: 'second.irsa-webhook.io',
      namespaceSelector: { matchLabels: { of: 'nobody' } },
    };
    await cluster().patch(installation.configurationPath, { webhooks: [...webhooks, second] });
    await waitUntilEnforced(cluster(), namespace, isInjected, podManifest('with-role'));
  });

  after(async () => {
    if (cluster().controlPlane !== undefined) await installation.end();
  });

  /** Returns whether every bundle verifies what every replica serves. */
  const isRight = async (): Promise<true | undefined> => {
    const leaves = await Promise.all(replicas.map(async ({ port }) => servedAt(port)));
    const bundles = await readBundles(cluster(), installation.configurationPath);
    const verify = (pem: string): boolean => leaves.every((leaf) => isVerifiedBy(leaf, pem));
    return (bundles.length === 2 && bundles.every(verify)) || undefined;
  };

  /** Does something while pods are created, and returns how long it took to be right, and what failed. */
  async function disturb(
    what: string,
    act: () => Promise<unknown>,
  ): Promise<{ tookMs: number; failed: readonly FailedCreate[] }> {
    const enough = new AbortController();
    const creating = createPods(installation.namespace, rate, enough.signal);
    await sleep(500);
    await act();
    const startMs = performance.now();
    await waitFor(`${what}: all is right again`, isRight, 30_000);
    const tookMs = performance.now() - startMs;
    await sleep(quietMs);
    enough.abort();
    const { created, failed } = await creating;
    const lastMs = Math.max(0, ...failed.map(({ endMs }) => endMs - startMs));
    process.stdout.write(
      `      right after ${tookMs.toFixed(0)} ms; ${String(created)} creates, ${String(failed.length)} failed, the last after ${lastMs.toFixed(0)} ms\n`,
    );
    assert.ok(tookMs <= rightWithinMs, `${tookMs.toFixed(0)} ms`);
    assert.ok(lastMs <= rightWithinMs, `the last failure after ${lastMs.toFixed(0)} ms`);
    return { tookMs, failed };
  }

  async function setBundles(caBundle: (index: number) => string | undefined): Promise<void> {
    const { webhooks } = await cluster().get<{ webhooks: { clientConfig: object }[] }>(installation.configurationPath);
    const changed = webhooks.map((webhook, index) => {
      const bundle = caBundle(index);
      return bundle === undefined
        ? webhook
        : { ...webhook, clientConfig: { ...webhook.clientConfig, caBundle: bundle } };
    });
    await cluster().patch(installation.configurationPath, { webhooks: changed });
  }

  it('caBundle emptied', async () => {
    await disturb('emptied', async () => setBundles(() => ''));
  });

  it('caBundle replaced: the foreign certificate is kept', async () => {
    await disturb('replaced', async () => setBundles(() => encode(foreign)));
    for (const bundle of await readBundles(cluster(), installation.configurationPath)) {
      assert.ok(bundle.includes(foreign.trim().split('\n')[3] ?? '-'), 'kept');
    }
  });

  it('one of two entries changed, to a piece of PEM', async () => {
    await disturb('one entry', async () =>
      setBundles((index) => (index === 0 ? encode(foreign.slice(0, 200)) : undefined)),
    );
  });

  it('Secret deleted: nothing fails', async () => {
    const issuersBefore = new Set(
      (await Promise.all(replicas.map(async ({ port }) => servedAt(port)))).map(({ issuer }) => issuer),
    );
    const { failed } = await disturb('Secret deleted', async () => cluster().delete(installation.secretPath));
    assert.deepEqual(failed, []);
    const isNew = async () => !issuersBefore.has((await servedAt(installation.balancer.port)).issuer) || undefined;
    await waitFor('a leaf of the new authority', isNew, 15_000);
    assert.equal(await isRight(), true);
  });

  it('Secret with hostile content: nothing fails, and it is said', async () => {
    const data = {
      'ca.crt': encode(foreign.slice(0, 300)),
      'ca.key': encode('no key'),
      'next-ca.crt': encode('x'.repeat(500_000)),
    };
    const { failed } = await disturb('hostile', async () => cluster().patch(installation.secretPath, { data }));
    assert.deepEqual(failed, []);
    const said = replicas
      .flatMap((replica) => replica.log())
      .filter(({ message }) => message === 'the Secret holds what cannot be used');
    assert.ok(said.length > 0);
    const isRepaired = async () => {
      const { data: now } = await cluster().get<{ data: Record<string, string> }>(installation.secretPath);
      return (now['next-ca.crt'] === undefined && now['ca.key'] !== data['ca.key']) || undefined;
    };
    await waitFor('the Secret to be whole', isRepaired, 15_000);
    await waitFor('all to be right', isRight, 15_000);
  });

  it('configuration deleted and re-created without a caBundle', async () => {
    const { metadata, webhooks, ...rest } = await cluster().get<{
      metadata: { name: string };
      webhooks: { clientConfig: object }[];
    }>(installation.configurationPath);
    const bare = webhooks.map((webhook) => ({ ...webhook, clientConfig: { ...webhook.clientConfig, caBundle: '' } }));
    const collection = installation.configurationPath.slice(0, installation.configurationPath.lastIndexOf('/'));
    await disturb('re-created', async () => {
      await cluster().delete(installation.configurationPath);
      await cluster().create(collection, { ...rest, metadata: { name: metadata.name }, webhooks: bare });
    });
  });
});

function isVerifiedBy(leaf: Awaited<ReturnType<typeof servedAt>>, bundle: string): boolean {
  return readCertificates(bundle).certificates.some(
    ({ certificate }) => leaf.checkIssued(certificate) && leaf.verify(certificate.publicKey),
  );
}
