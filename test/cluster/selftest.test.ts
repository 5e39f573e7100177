/** The self-test on a real API server: with the webhook registered, without it, and with exactly the rights that it needs. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { useScope } from '../kubernetes/scope.ts';
import { projectFolder, startProgram } from '../program.ts';
import { createAccount, createAccounts, roleArn } from './accounts.ts';
import { enforce } from './enforce.ts';
import { cluster } from './hooks.ts';
import type { ObjectList } from './objects.ts';
import { register } from './registration.ts';
import { createWebhookAccount, startWebhook, type WebhookProcess } from './webhook-process.ts';

const runner = 'irsa-webhook-selftest';
const rules = {
  serviceaccounts: "  - apiGroups: ['']\n    resources: [serviceaccounts]\n    verbs: [get]\n",
  pods: "  - apiGroups: ['']\n    resources: [pods]\n    verbs: [create]\n",
};

/** Creates what manifests/rbac-selftest.yaml has, in a namespace, without one of its rules. */
async function grant(namespace: string, without?: keyof typeof rules): Promise<void> {
  const manifest = await readFile(path.join(projectFolder, 'manifests', 'rbac-selftest.yaml'), 'utf8');
  const rule = without === undefined ? '' : rules[without];
  assert.ok(manifest.includes(rule));
  await cluster().createFromYaml(
    manifest.replace(rule, '').replaceAll('namespace: irsa-webhook', `namespace: ${namespace}`),
  );
}

describe('selftest', () => {
  const scope = useScope();
  let namespace: string;
  let webhook: WebhookProcess;

  before(async () => {
    namespace = await cluster().createNamespace();
    await createAccounts(namespace);
    await grant(namespace);
    webhook = await startWebhook(cluster(), { account: await createWebhookAccount(cluster(), namespace), hosts: [] });
    await enforce(webhook, namespace);
  });

  after(async () => webhook.stop());

  async function run(place: string, account: string, ...flags: string[]) {
    const tokenFile = path.join(await scope.folder(), 'token');
    await writeFile(tokenFile, await cluster().tokenFor(place, runner), { mode: 0o600 });
    const kubeconfig = await cluster().kubeconfigFor({ tokenFile });
    const args = ['selftest', '-n', place, '--service-account', account, '--kubeconfig', kubeconfig, ...flags];
    const program = startProgram(scope, args);
    const [status] = await program.ended;
    return { status, output: program.output(), errors: program.errors() };
  }

  it('passes where the webhook is registered, and leaves no pod behind', async () => {
    const { status, output, errors } = await run(namespace, 'with-role');
    assert.deepEqual([status, errors], [0, '']);
    const tokenFile = '/var/run/secrets/eks.amazonaws.com/serviceaccount/token';
    assert.equal(
      output,
      [
        `service account  ${namespace}/with-role`,
        `its role         ${roleArn}`,
        `role in the pod  ${roleArn}`,
        'audience         sts.amazonaws.com',
        'expiration       86400 s',
        `token            ${tokenFile} (volume aws-iam-token)`,
        'container        selftest-init: injected',
        'container        selftest: injected',
        'API warning      none',
        'result           injected',
        '',
      ].join('\n'),
    );
    assert.deepEqual((await cluster().get<ObjectList>(`/api/v1/namespaces/${namespace}/pods`)).items, []);
  });

  it('passes for an account with a slip, and shows the warning about it', async () => {
    const { status, output } = await run(namespace, 'with-slip');
    assert.equal(status, 0);
    assert.match(output, /\nAPI warning +account annotation eks\.amazonaws\.com\/token-expiration: "1 day" is not/);
  });

  it('says so where the account has no role, or where there is none', async () => {
    const bare = await run(namespace, 'without-role');
    assert.deepEqual([bare.status, bare.output], [1, '']);
    assert.match(bare.errors, /^irsa-webhook: The service account has no role-arn annotation\. .* give it a role/);
    const absent = await run(namespace, 'nobody');
    assert.equal(absent.status, 1);
    assert.match(
      absent.errors,
      /^irsa-webhook: there is no service account \S+\/nobody: create it with the annotation/,
    );
  });

  it('says so where the webhook is not registered, after it has tried until the timeout', async () => {
    const place = await cluster().createNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    await createAccount(place, 'with-role', { 'role-arn': roleArn });
    await grant(place);
    const { status, output, errors } = await run(place, 'with-role', '--timeout', '4s');
    assert.equal(status, 1);
    assert.match(output, /\nresult +not injected\n$/);
    assert.match(errors, /^irsa-webhook: not yet, [23] of 4 s: the pod of/);
    assert.match(errors, new RegExp(`\\n {2}1\\. The webhook is not registered for pods of namespace ${place}\\.`));
  });

  it('says so where the registered webhook fails closed', async () => {
    const place = await cluster().createNamespace();
    await createAccount(place, 'with-role', { 'role-arn': roleArn });
    await grant(place);
    const closed = { name: 'irsa', namespace: place, route: 'url', caBundle: webhook.caBundle } as const;
    // Nothing listens there.
    await register(cluster(), { ...closed, port: 9 });
    const { status, errors } = await run(place, 'with-role', '--timeout', '4s');
    assert.equal(status, 1);
    assert.match(errors, /a webhook that fails closed could not be called/);
    assert.match(errors, /\n {2}It says 500: Internal error occurred: failed calling webhook "irsa\.irsa-webhook\.io"/);
  });

  describe('the rights', () => {
    for (const [without, sentence] of [
      [
        'serviceaccounts',
        /cannot read service account .*403: .*cannot get resource "serviceaccounts".*rbac-selftest\.yaml/,
      ],
      [
        'pods',
        /the rights of manifests\/rbac-selftest\.yaml in that namespace\.\n {2}It says 403: .*cannot create resource "pods"/,
      ],
    ] as const) {
      it(`are all needed: without that to ${without} it says which are`, async () => {
        const place = await cluster().createNamespace();
        await createAccount(place, 'with-role', { 'role-arn': roleArn });
        await grant(place, without);
        const { status, output, errors } = await run(place, 'with-role', '--timeout', '2s');
        assert.deepEqual([status, output], [1, '']);
        assert.match(errors, sentence);
      });
    }
  });
});
