/** The main job: pods that a real API server stores have the identity that their service account promises. */
import assert from 'node:assert/strict';
import { createAccounts, roleArn } from './accounts.ts';
import { auditAnnotations } from './audit-annotations.ts';
import { cluster } from './hooks.ts';
import type { ObjectList } from './objects.ts';
import { containerNamed, isInjected, ourVariables, type Pod, podManifest, podSpec, tokenMounts } from './pods.ts';
import { register, type Route, serviceHosts, waitUntilEnforced } from './registration.ts';
import { waitFor } from './wait-for.ts';
import {
  createWebhookAccount,
  startWebhook,
  waitForReviews,
  waitUntilReady,
  type WebhookProcess,
} from './webhook-process.ts';

const region = 'eu-west-1';
const mountPath = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
const skipApp = { 'eks.amazonaws.com/skip-containers': 'opted-out' };
const controllerTimeoutMs = 30_000;

const everyVariable = {
  AWS_STS_REGIONAL_ENDPOINTS: 'regional',
  AWS_DEFAULT_REGION: region,
  AWS_REGION: region,
  AWS_ROLE_ARN: roleArn,
  AWS_WEB_IDENTITY_TOKEN_FILE: `${mountPath}/token`,
};

async function podOwnedBy(kind: string, namespace: string): Promise<Pod> {
  const probe = async (): Promise<Pod | undefined> => {
    const { items } = await cluster().get<ObjectList<Pod>>(`/api/v1/namespaces/${namespace}/pods`);
    return items.find(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.kind === kind));
  };
  return waitFor(`a pod owned by a ${kind} in ${namespace}`, probe, controllerTimeoutMs);
}

/** The whole promise for a pod of `podManifest`, opted-out container included. */
function assertInjected(pod: Pod): void {
  const [volume, ...others] = pod.spec.volumes;
  assert.deepEqual(volume, {
    name: 'aws-iam-token',
    projected: {
      defaultMode: 420,
      sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com', expirationSeconds: 86400, path: 'token' } }],
    },
  });
  assert.ok(
    others.some(({ name }) => name.startsWith('kube-api-access-')),
    'the volumes of others are still there',
  );
  for (const name of ['app', 'sidecar']) {
    const container = containerNamed(pod, name);
    assert.deepEqual(ourVariables(container), everyVariable);
    assert.deepEqual(Object.keys(ourVariables(container)), Object.keys(everyVariable), 'in this order');
    assert.deepEqual(tokenMounts(container), [{ name: 'aws-iam-token', mountPath, readOnly: true }]);
  }
  assert.deepEqual(containerNamed(pod, 'app').env?.[0], { name: 'LEVEL', value: 'info' }, 'own variables come first');
  assertUntouched(pod, ['opted-out']);
}

function assertUntouched(pod: Pod, names: readonly string[]): void {
  for (const name of names) {
    const container = containerNamed(pod, name);
    assert.deepEqual(ourVariables(container), {});
    assert.deepEqual(tokenMounts(container), []);
  }
}

for (const route of ['url', 'service'] as const satisfies readonly Route[]) {
  describe(`a webhook that is called by its ${route}`, () => {
    let namespace: string;
    let webhook: WebhookProcess;

    before(async () => {
      namespace = await cluster().createNamespace();
      await createAccounts(namespace);
      webhook = await startWebhook(cluster(), {
        account: await createWebhookAccount(cluster(), namespace),
        hosts: serviceHosts(namespace),
        flags: [`--aws-default-region=${region}`, '--sts-regional-endpoint'],
      });
      await waitUntilReady(webhook);
      const { port, caBundle } = webhook;
      await register(cluster(), { name: 'irsa', namespace, route, port, caBundle });
      await waitUntilEnforced(cluster(), namespace, isInjected, podManifest('with-role'));
    });

    after(async () => webhook.stop());

    it('gives a bare pod its identity', async () => {
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      const pod = await cluster().create<Pod>(pods, podManifest('with-role', skipApp));
      assertInjected(await cluster().get<Pod>(`${pods}/${pod.metadata.name}`));
    });

    it("gives a Deployment's pod its identity", async () => {
      await cluster().create(`/apis/apps/v1/namespaces/${namespace}/deployments`, {
        metadata: { name: 'app' },
        spec: {
          selector: { matchLabels: { app: 'app' } },
          template: { metadata: { labels: { app: 'app' }, annotations: skipApp }, spec: podSpec('with-role') },
        },
      });
      assertInjected(await podOwnedBy('ReplicaSet', namespace));
    });

    it("gives a Job's pod its identity", async () => {
      await cluster().create(`/apis/batch/v1/namespaces/${namespace}/jobs`, {
        metadata: { name: 'once' },
        spec: {
          template: { metadata: { annotations: skipApp }, spec: { ...podSpec('with-role'), restartPolicy: 'Never' } },
        },
      });
      assertInjected(await podOwnedBy('Job', namespace));
    });

    it('leaves a pod alone whose account has no role', async () => {
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      const pod = await cluster().create<Pod>(pods, podManifest('without-role'));
      assert.ok(!isInjected(pod));
      assertUntouched(pod, ['app', 'opted-out', 'sidecar']);
    });

    it('answers a dry run with the pod that would be stored', async () => {
      const pods = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
      assertInjected(await cluster().create<Pod>(pods, podManifest('with-role', skipApp)));
      await waitForReviews(webhook, 1, ({ dryRun }) => dryRun === true);
    });

    it('warns the person who creates the pod of a slip in an annotation', async () => {
      const answer = await cluster().request('POST', `/api/v1/namespaces/${namespace}/pods`, podManifest('with-slip'));
      assert.equal(answer.status, 201);
      assert.deepEqual(answer.warnings, [
        'account annotation eks.amazonaws.com/token-expiration: "1 day" is not a whole number of seconds; 86400 is used',
      ]);
    });

    it('writes outcome and role into the audit log, once', async function () {
      const { controlPlane } = cluster();
      if (controlPlane === undefined) return this.skip();
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      await cluster().create<Pod>(pods, { ...podManifest('with-role'), metadata: { name: 'audited' } });
      const annotations = await auditAnnotations(controlPlane, namespace, 'audited');
      assert.equal(annotations['irsa.irsa-webhook.io/outcome'], 'injected');
      assert.equal(annotations['irsa.irsa-webhook.io/role'], roleArn);
    });
  });
}

describe('a webhook that is registered for v1beta1 reviews only', () => {
  it('answers in that version', async () => {
    const namespace = await cluster().createNamespace();
    await createAccounts(namespace);
    const account = await createWebhookAccount(cluster(), namespace);
    const webhook = await startWebhook(cluster(), { account, hosts: [] });
    try {
      await waitUntilReady(webhook);
      const { port, caBundle } = webhook;
      const reviewVersions = ['v1beta1'];
      await register(cluster(), { name: 'irsa', namespace, route: 'url', port, caBundle, reviewVersions });
      await waitUntilEnforced(cluster(), namespace, isInjected, podManifest('with-role'));
    } finally {
      await webhook.stop();
    }
  });
});
