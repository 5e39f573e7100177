/** One pod of each kind that asks for more than a role: what a real API server stores of it. */
import assert from 'node:assert/strict';
import { createAccount, roleArn } from './accounts.ts';
import { cluster } from './hooks.ts';
import { type Container, containerNamed, isInjected, ourVariables, type Pod } from './pods.ts';
import { register, waitUntilEnforced } from './registration.ts';
import { createWebhookAccount, startWebhook, waitUntilReady, type WebhookProcess } from './webhook-process.ts';

const mountPath = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
const mailerRole = 'arn:aws:iam::111122223333:role/mailer';
const targetRole = 'arn:aws:iam::444455556666:role/target';
const image = 'registry.invalid/app';

type RunningPod = Pod & { readonly spec: { readonly ephemeralContainers?: readonly Container[] } };

describe('a pod of each kind', () => {
  let namespace: string;
  let webhook: WebhookProcess;
  let pods: string;

  const create = async (serviceAccountName: string, spec: object): Promise<Pod> =>
    cluster().create<Pod>(pods, {
      metadata: { generateName: `${serviceAccountName}-` },
      spec: { serviceAccountName, containers: [{ name: 'app', image }], ...spec },
    });

  /** Adds containers in front of those that the pod has, as kubectl's merge does. */
  const debug = async (pod: Pod, ...containers: readonly object[]): Promise<RunningPod> => {
    const current = await cluster().get<RunningPod>(`${pods}/${pod.metadata.name}`);
    const ephemeralContainers = [...containers, ...(current.spec.ephemeralContainers ?? [])];
    const path = `${pods}/${pod.metadata.name}/ephemeralcontainers`;
    const answer = await cluster().request('PUT', path, { ...current, spec: { ...current.spec, ephemeralContainers } });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return cluster().get<RunningPod>(`${pods}/${pod.metadata.name}`);
  };

  before(async () => {
    namespace = await cluster().createNamespace();
    pods = `/api/v1/namespaces/${namespace}/pods`;
    await createAccount(namespace, 'plain', { 'role-arn': roleArn });
    const roles = JSON.stringify({ mailer: mailerRole });
    await createAccount(namespace, 'several', { 'role-arn': roleArn, 'container-roles': roles });
    const chain = { 'target-role-arn': targetRole, 'target-external-id': 'shop/42', region: 'eu-west-1' };
    await createAccount(namespace, 'chained', { 'role-arn': roleArn, ...chain, 'role-session-name': 'pod' });
    await createAccount(namespace, 'named', { 'role-arn': roleArn, 'role-session-name': 'pod' });
    const account = await createWebhookAccount(cluster(), namespace);
    webhook = await startWebhook(cluster(), { account, hosts: [] });
    await waitUntilReady(webhook);
    const { port, caBundle } = webhook;
    await register(cluster(), { name: 'irsa', namespace, route: 'url', port, caBundle, ephemeralContainers: true });
    const probe = {
      metadata: { name: 'probe' },
      spec: { serviceAccountName: 'plain', containers: [{ name: 'app', image }] },
    };
    await waitUntilEnforced(cluster(), namespace, isInjected, probe);
  });

  after(async () => webhook.stop());

  it('Windows by spec.os.name: the variable has a path of Windows', async () => {
    const app = containerNamed(await create('plain', { os: { name: 'windows' } }), 'app');
    const file = 'C:\\var\\run\\secrets\\eks.amazonaws.com\\serviceaccount\\token';
    assert.deepEqual(ourVariables(app), { AWS_ROLE_ARN: roleArn, AWS_WEB_IDENTITY_TOKEN_FILE: file });
  });

  it('a conflict: the token comes in a second volume, at a second path', async () => {
    const pod = await create('plain', {
      volumes: [{ name: 'aws-iam-token', emptyDir: {} }],
      containers: [{ name: 'app', image, volumeMounts: [{ name: 'aws-iam-token', mountPath }] }],
    });
    assert.equal(ourVariables(containerNamed(pod, 'app'))['AWS_WEB_IDENTITY_TOKEN_FILE'], `${mountPath}-2/token`);
    assert.deepEqual(
      containerNamed(pod, 'app').volumeMounts?.filter(({ name }) => name.startsWith('aws-iam-token')),
      [
        { name: 'aws-iam-token', mountPath },
        { name: 'aws-iam-token-2', mountPath: `${mountPath}-2`, readOnly: true },
      ],
    );
  });

  it('several roles: each container has its own', async () => {
    const containers = ['app', 'mailer'].map((name) => ({ name, image }));
    const pod = await create('several', { containers });
    assert.equal(ourVariables(containerNamed(pod, 'app'))['AWS_ROLE_ARN'], roleArn);
    assert.equal(ourVariables(containerNamed(pod, 'mailer'))['AWS_ROLE_ARN'], mailerRole);
  });

  it('a second role: the config is an annotation, and a file of the volume', async () => {
    const pod = await create('chained', {});
    const { annotations = {} } = await annotationsOf(pod);
    assert.deepEqual(annotations['eks.amazonaws.com/aws-config']?.split('\n'), [
      '[profile irsa-webhook]',
      `role_arn = ${targetRole}`,
      'source_profile = irsa-webhook-source',
      'external_id = shop/42',
      'role_session_name = chained',
      '[profile irsa-webhook-source]',
      `role_arn = ${roleArn}`,
      `web_identity_token_file = ${mountPath}/token`,
      'role_session_name = chained',
      '',
    ]);
    const [volume] = pod.spec.volumes;
    assert.ok(JSON.stringify(volume).includes(`"fieldPath":"metadata.annotations['eks.amazonaws.com/aws-config']"`));
    const variables = ourVariables(containerNamed(pod, 'app'));
    assert.equal(variables['AWS_PROFILE'], 'irsa-webhook');
    assert.equal(variables['AWS_CONFIG_FILE'], `${mountPath}/config`);
    assert.equal(variables['AWS_ROLE_ARN'], undefined);
  });

  it('a session by the name of its pod: the downward API, since the name is yet to be made', async () => {
    const app = containerNamed(await create('named', {}), 'app');
    assert.deepEqual(
      app.env?.find(({ name }) => name === 'AWS_ROLE_SESSION_NAME'),
      { name: 'AWS_ROLE_SESSION_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
    );
  });

  it('ephemeral containers: each new one has the identity of its pod, and no other part of the pod changes', async () => {
    const pod = await create('plain', {});
    const first = await debug(pod, { name: 'first', image });
    const second = await debug(pod, { name: 'second', image });
    const [newest, older] = second.spec.ephemeralContainers ?? [];
    assert.deepEqual([newest?.name, older?.name], ['second', 'first']);
    for (const container of [newest, older]) {
      assert.ok(container);
      assert.deepEqual(ourVariables(container), {
        AWS_ROLE_ARN: roleArn,
        AWS_WEB_IDENTITY_TOKEN_FILE: `${mountPath}/token`,
      });
      assert.deepEqual(container.volumeMounts, [{ name: 'aws-iam-token', mountPath, readOnly: true }]);
    }
    assert.deepEqual(first.spec.ephemeralContainers, [older]);
    assert.deepEqual(second.spec.containers, pod.spec.containers);
    assert.deepEqual(second.spec.volumes, pod.spec.volumes);
  });

  it('an ephemeral container in a pod without a token: nothing is added, and the pod is not refused', async () => {
    const pod = await cluster().create<Pod>(pods, {
      metadata: { generateName: 'bare-', labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': 'true' } },
      spec: { serviceAccountName: 'plain', containers: [{ name: 'app', image }] },
    });
    assert.equal(isInjected(pod), false);
    const name = `${pods}/${pod.metadata.name}`;
    await cluster().patch(name, { metadata: { labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': null } } });
    const [container] = (await debug(pod, { name: 'first', image })).spec.ephemeralContainers ?? [];
    assert.ok(container);
    assert.deepEqual(ourVariables(container), {});
  });

  async function annotationsOf(pod: Pod): Promise<{ readonly annotations?: Readonly<Record<string, string>> }> {
    type Annotated = { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } };
    return (await cluster().get<Annotated>(`${pods}/${pod.metadata.name}`)).metadata;
  }
});
