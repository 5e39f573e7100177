/** Roles from the ConfigMap, and container credentials, on a real API server. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createAccount, roleArn } from './accounts.ts';
import { cluster } from './hooks.ts';
import type { ObjectList } from './objects.ts';
import { containerNamed, ourVariables, type Pod, podManifest } from './pods.ts';
import { register, waitUntilEnforced } from './registration.ts';
import { waitFor } from './wait-for.ts';
import { createWebhookAccount, startWebhook, waitUntilReady, type WebhookProcess } from './webhook-process.ts';

const mappedRole = 'arn:aws:iam::111122223333:role/mapped';
const changeTimeoutMs = 15_000;

function isRefused(webhook: WebhookProcess): true | undefined {
  return webhook.log().some(({ message }) => message.startsWith('role map refused')) || undefined;
}

describe('with roles in a ConfigMap and container credentials in a file', () => {
  let namespace: string;
  let webhook: WebhookProcess;
  let configMaps: string;

  const roleOf = async (account: string): Promise<string | undefined> => {
    const pods = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    const pod = await cluster().create<Pod>(pods, podManifest(account));
    return ourVariables(containerNamed(pod, 'app'))['AWS_ROLE_ARN'];
  };
  const roleBecomes = async (account: string, expected: string | undefined): Promise<void> => {
    const probe = async (): Promise<true | undefined> => (await roleOf(account)) === expected || undefined;
    await waitFor(`the role of ${account} to be ${String(expected)}`, probe, changeTimeoutMs);
  };

  before(async () => {
    namespace = await cluster().createNamespace();
    configMaps = `/api/v1/namespaces/${namespace}/configmaps`;
    for (const name of ['mapped', 'team-worker', 'agent', 'plain']) await createAccount(namespace, name, {});
    await createAccount(namespace, 'annotated', { 'role-arn': roleArn });
    const account = await createWebhookAccount(cluster(), namespace);
    const manifest = await readFile(path.join(import.meta.dirname, '../../manifests/rbac-config-map.yaml'), 'utf8');
    const renamed = manifest.replaceAll('namespace: irsa-webhook', `namespace: ${namespace}`);
    await cluster().createFromYaml(
      renamed.replace(/(kind: ServiceAccount\n +name: )irsa-webhook/, `$1${account.name}`),
      namespace,
    );
    const config = {
      [`${namespace}/mapped`]: { RoleARN: mappedRole },
      [`${namespace}/annotated`]: { RoleARN: mappedRole },
      [`${namespace}/team-*`]: { RoleARN: mappedRole },
    };
    await cluster().create(configMaps, {
      metadata: { name: 'pod-identity-webhook' },
      data: { config: JSON.stringify(config) },
    });
    const file = path.join(cluster().directory, `credentials-${namespace}.json`);
    await writeFile(file, JSON.stringify({ identities: [{ namespace, serviceAccount: 'agent' }] }));
    webhook = await startWebhook(cluster(), {
      account,
      hosts: [],
      flags: ['--watch-config-map', `--namespace=${namespace}`, `--watch-container-credentials-config=${file}`],
    });
    await waitUntilReady(webhook);
    const { port, caBundle } = webhook;
    await register(cluster(), { name: 'irsa', namespace, route: 'url', port, caBundle });
    const isMapped = (pod: object): boolean => JSON.stringify(pod).includes(mappedRole);
    await waitUntilEnforced(cluster(), namespace, isMapped, podManifest('mapped'));
  });

  after(async () => webhook.stop());

  it('gives the role of the map to an account without one, also by a pattern', async () => {
    assert.equal(await roleOf('mapped'), mappedRole);
    assert.equal(await roleOf('team-worker'), mappedRole);
    assert.equal(await roleOf('plain'), undefined);
  });

  it('takes an annotation over the map', async () => {
    assert.equal(await roleOf('annotated'), roleArn);
  });

  it('gives container credentials to a listed account', async () => {
    const pod = await cluster().create<Pod>(`/api/v1/namespaces/${namespace}/pods`, podManifest('agent'));
    assert.deepEqual(ourVariables(containerNamed(pod, 'sidecar')), {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials',
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE:
        '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token',
    });
    assert.equal(pod.spec.volumes[0]?.name, 'eks-pod-identity-token');
  });

  it('follows the map, keeps the last good one, and is empty after its deletion', async () => {
    const configMap = `${configMaps}/pod-identity-webhook`;
    const changed = { [`${namespace}/mapped`]: { RoleARN: `${mappedRole}-2` } };
    await cluster().patch(configMap, { data: { config: JSON.stringify(changed) } });
    await roleBecomes('mapped', `${mappedRole}-2`);

    await cluster().patch(configMap, { data: { config: '{"no-slash": {}}' } });
    await waitFor('the refusal', async () => isRefused(webhook), changeTimeoutMs);
    assert.equal(await roleOf('mapped'), `${mappedRole}-2`);
    const { uid, resourceVersion } = (await cluster().get(configMap)).metadata;
    const selector = `involvedObject.uid=${String(uid)},reason=RoleMapRefused,type=Warning`;
    const events = `/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent(selector)}`;
    const probe = async () => {
      const { items } = await cluster().get<ObjectList>(events);
      return items.length > 0 ? items : undefined;
    };
    const written = await waitFor('the Event', probe, changeTimeoutMs);
    assert.equal(written.length, 1);
    const [event] = written;
    const subject = {
      kind: 'ConfigMap',
      namespace,
      name: 'pod-identity-webhook',
      uid,
      apiVersion: 'v1',
      resourceVersion,
    };
    assert.deepEqual(event?.['involvedObject'], subject);
    assert.match(String(event['message']), /^The map of roles is refused as a whole, .*no-slash/);
    assert.equal(event['reportingComponent'], 'irsa-webhook');

    await cluster().delete(configMap);
    await roleBecomes('mapped', undefined);
  });
});
