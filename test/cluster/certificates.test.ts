/** The certificates that the webhook manages itself, on a real API server with failurePolicy Fail. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { createAccount, roleArn } from './accounts.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { servedAt } from './handshakes.ts';
import { isInjected, type Pod, podManifest } from './pods.ts';
import { waitUntilEnforced } from './registration.ts';
import { type Installation, installSelfManaged, readBundles } from './self-managed.ts';
import { waitFor } from './wait-for.ts';
import { metricOf } from './webhook-metrics.ts';
import { waitUntilReady, type WebhookProcess } from './webhook-process.ts';

const yearTimes = { leaf: '168h', authority: '8760h', delay: '60s', lease: '15s' };

describe('certificates that the webhook manages itself: the first start', function () {
  this.timeout(120_000);
  let namespace: string;
  let installation: Installation;
  let replicas: WebhookProcess[];

  before(async function () {
    needOwnControlPlane(this);
    namespace = await cluster().createNamespace();
    await createAccount(namespace, 'with-role', { 'role-arn': roleArn });
    installation = await installSelfManaged(cluster(), namespace, yearTimes);
    replicas = await Promise.all(['one', 'two', 'three'].map((name) => installation.startReplica(name)));
    await Promise.all(replicas.map(waitUntilReady));
    installation.balancer.use(replicas.map(({ port }) => port));
    await waitUntilEnforced(cluster(), namespace, isInjected, podManifest('with-role'));
  });

  after(async () => {
    if (cluster().controlPlane !== undefined) await installation.end();
  });

  const logged = (message: string) =>
    replicas.flatMap((replica) => replica.log()).filter((line) => line.message === message);

  it('of three replicas at once: one authority, three leaves, and pods get their role', async () => {
    for (let pod = 0; pod < 6; pod += 1) {
      const created = await cluster().create<Pod>(`/api/v1/namespaces/${namespace}/pods`, podManifest('with-role'));
      assert.equal(isInjected(created), true);
    }
    const signedLines = () => {
      const lines = logged('certificate signed and served');
      return lines.length >= replicas.length ? lines : undefined;
    };
    // The program writes its log a little later.
    const signed = await waitFor('three certificates in the log', signedLines, 5_000);
    assert.equal(logged('authority made, as there was none').length, 1);
    assert.equal(new Set(signed.map(({ serial }) => serial)).size, 3);
    assert.equal(new Set(signed.map(({ issuer }) => issuer)).size, 1);
    for (const replica of replicas) assert.equal(await metricOf(replica, 'irsa_webhook_cabundle_in_sync'), 1);
  });

  it('what is served passes openssl verify -x509_strict against the caBundle', async () => {
    const [bundle = ''] = await readBundles(cluster(), installation.configurationPath);
    const [replica] = replicas;
    assert.ok(replica);
    const leaf = (await servedAt(replica.port)).toString();
    const files = {
      bundle: path.join(cluster().directory, 'bundle.pem'),
      leaf: path.join(cluster().directory, 'leaf.pem'),
    };
    await writeFile(files.bundle, bundle);
    await writeFile(files.leaf, leaf);
    const verify = [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-verify_hostname',
      `irsa-webhook.${namespace}.svc`,
    ];
    const { stdout } = await promisify(execFile)('openssl', [...verify, '-CAfile', files.bundle, files.leaf]);
    assert.equal(stdout, `${files.leaf}: OK\n`);
  });
});
