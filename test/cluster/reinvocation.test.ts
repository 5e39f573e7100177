/** A second webhook adds a container after ours: it gets the identity too, and nothing comes twice. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createAccounts, roleArn } from './accounts.ts';
import { auditAnnotations } from './audit-annotations.ts';
import { cluster } from './hooks.ts';
import { containerNamed, isInjected, ourVariables, type Pod, podManifest, tokenMounts } from './pods.ts';
import { register, waitUntilEnforced } from './registration.ts';
import { type SidecarWebhook, startSidecarWebhook } from './sidecar-webhook.ts';
import {
  createWebhookAccount,
  startWebhook,
  waitForReviews,
  waitUntilReady,
  type WebhookProcess,
} from './webhook-process.ts';

const sidecarName = 'mesh-proxy';

function isMutatedByBoth(pod: object): boolean {
  return isInjected(pod) && JSON.stringify(pod).includes(sidecarName);
}

describe('beside a webhook that adds a container', () => {
  let namespace: string;
  let webhook: WebhookProcess;
  let sidecars: SidecarWebhook;

  before(async () => {
    namespace = await cluster().createNamespace();
    await createAccounts(namespace);
    webhook = await startWebhook(cluster(), { account: await createWebhookAccount(cluster(), namespace), hosts: [] });
    sidecars = await startSidecarWebhook(cluster().webhookHost, sidecarName);
    await waitUntilReady(webhook);
    // The API server calls configurations in the order of their names: ours first, so that only a second call can help.
    for (const { name, port, caBundle } of [
      { name: 'a-irsa', ...webhook },
      { name: 'z-mesh', ...sidecars },
    ]) {
      await register(cluster(), { name, namespace, route: 'url', port, caBundle });
    }
    await waitUntilEnforced(cluster(), namespace, isMutatedByBoth, podManifest('with-role'));
  });

  after(async () => {
    sidecars.close();
    await webhook.stop();
  });

  it('gives the added container the identity, and nothing to anyone twice', async () => {
    const manifest = { ...podManifest('with-role'), metadata: { name: 'meshed' } };
    const pod = await cluster().create<Pod>(`/api/v1/namespaces/${namespace}/pods`, manifest);
    assert.equal(pod.spec.volumes.filter(({ name }) => name === 'aws-iam-token').length, 1);
    for (const name of ['app', 'opted-out', 'sidecar', sidecarName]) {
      const container = containerNamed(pod, name);
      const names = (container.env ?? []).map((variable) => variable.name).filter((key) => key.startsWith('AWS_'));
      assert.deepEqual(names, ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'], name);
      assert.equal(ourVariables(container)['AWS_ROLE_ARN'], roleArn, name);
      assert.equal(tokenMounts(container).length, 1, name);
    }
    const reviews = await waitForReviews(webhook, 2, ({ pod: reviewed }) => reviewed === 'meshed');
    assert.deepEqual(
      reviews.map(({ outcome, operations }) => ({ outcome, operations })),
      [
        // One volume, then three operations (two variables, a mount) for each of three containers.
        { outcome: 'injected', operations: 10 },
        { outcome: 'injected', operations: 3 },
      ],
      'called once more after the container came',
    );
  });

  it('says the same in the audit log both times', async function () {
    const { controlPlane } = cluster();
    if (controlPlane === undefined) return this.skip();
    const manifest = { ...podManifest('with-role'), metadata: { name: 'audited' } };
    await cluster().create<Pod>(`/api/v1/namespaces/${namespace}/pods`, manifest);
    const annotations = await auditAnnotations(controlPlane, namespace, 'audited');
    assert.equal(annotations['a-irsa.irsa-webhook.io/outcome'], 'injected');
    // The API server keeps the first value and warns of another one (k8s.io/apiserver, audit/context.go).
    const log = await readFile(path.join(cluster().directory, 'logs', 'kube-apiserver.log'), 'utf8');
    assert.doesNotMatch(log, /it has already been set to/);
  });
});
