/** The rights of manifests/rbac-certificates.yaml: each is needed, as something named fails without it, and they are enough. */
import assert from 'node:assert/strict';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { isRecord, type KubernetesObject } from './objects.ts';
import {
  certificateRights,
  collectionOf,
  type Installation,
  installSelfManaged,
  secretName,
  type Times,
} from './self-managed.ts';
import { waitFor } from './wait-for.ts';
import { type LogLine, waitUntilReady, type WebhookProcess } from './webhook-process.ts';

const times: Times = { leaf: '60s', authority: '10m', delay: '2s', lease: '2s' };
const timeoutMs = 15_000;
const admission = '/apis/admissionregistration.k8s.io/v1';

/** One verb of one rule. */
type Right = { readonly role: string; readonly rule: number; readonly resource: string; readonly verb: string };
type Rule = {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: string[];
};

/** What the log says without a verb on a resource: the step that fails, or the message of a watch or of what is left alone. */
const watchFails = 'Secret or configurations cannot be followed; they are read every minute besides';
const failures: Readonly<Record<string, { readonly message?: string; readonly step?: string }>> = {
  'secrets get': { step: 'read_secret' },
  'secrets list': { message: watchFails },
  'secrets watch': { message: watchFails },
  'secrets patch': { step: 'write_secret' },
  'secrets create': { step: 'write_secret' },
  'leases get': { step: 'lease' },
  'leases patch': { step: 'lease' },
  'leases create': { step: 'lease' },
  'mutatingwebhookconfigurations get': { step: 'read_configuration' },
  'mutatingwebhookconfigurations list': { message: watchFails },
  'mutatingwebhookconfigurations watch': { message: watchFails },
  'mutatingwebhookconfigurations patch': { step: 'write_configuration' },
  'validatingwebhookconfigurations get': {
    message: 'ValidatingWebhookConfigurations may not be read, so none is kept',
  },
  'validatingwebhookconfigurations list': { message: watchFails },
  'validatingwebhookconfigurations watch': { message: watchFails },
  'validatingwebhookconfigurations patch': { step: 'write_configuration' },
};

describe('the rights to manage certificates', function () {
  this.timeout(180_000);
  let installation: Installation;
  let roles: KubernetesObject[];

  before(async function () {
    needOwnControlPlane(this);
    const namespace = await cluster().createNamespace();
    installation = await installSelfManaged(cluster(), namespace, times);
    const rights = await certificateRights(namespace, installation.configuration);
    roles = rights.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole');
    await cluster().create(`${admission}/validatingwebhookconfigurations`, {
      metadata: { name: installation.configuration },
      webhooks: [
        {
          name: 'accounts.irsa-webhook.io',
          clientConfig: { url: 'https://127.0.0.1:1/validate/service-accounts' },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['serviceaccounts'] }],
          namespaceSelector: { matchLabels: { of: 'nobody' } },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    });
  });

  after(async () => {
    if (cluster().controlPlane !== undefined) await installation.end();
  });

  /** Puts everything back to before the first start. A Secret that is there has something in it that must be taken out. */
  async function reset(hasSecret: boolean): Promise<void> {
    await cluster().request('DELETE', installation.secretPath);
    await cluster().request('DELETE', installation.leasePath);
    if (hasSecret) {
      const secrets = installation.secretPath.slice(0, installation.secretPath.lastIndexOf('/'));
      await cluster().create(secrets, { metadata: { name: secretName }, data: { 'old-ca.crt': 'eA==' } });
    }
    for (const kind of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']) {
      const path = `${admission}/${kind}/${installation.configuration}`;
      const { webhooks } = await cluster().get<{ webhooks: { clientConfig: object }[] }>(path);
      const bare = webhooks.map((webhook) => ({ ...webhook, clientConfig: { ...webhook.clientConfig, caBundle: '' } }));
      await cluster().patch(path, { webhooks: bare });
    }
  }

  /** Writes the roles as the manifest has them, but for one verb. */
  async function grant(missing: Right | undefined): Promise<void> {
    for (const role of roles) {
      const rules = rulesOf(role).map((rule, index) =>
        missing?.role === role.kind && missing?.rule === index
          ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== missing.verb) }
          : rule,
      );
      await cluster().patch(`${collectionOf(role)}/${role.metadata.name}`, {
        rules: rules.filter(({ verbs }) => verbs.length > 0),
      });
    }
  }

  async function startAnd(look: (replica: WebhookProcess) => Promise<void>): Promise<void> {
    const replica = await installation.startReplica('one');
    try {
      await look(replica);
    } finally {
      await replica.kill();
    }
  }

  it('are all named here', async () => {
    assert.deepEqual(
      allRights(roles)
        .map(({ resource, verb }) => `${resource} ${verb}`)
        .toSorted(),
      Object.keys(failures).toSorted(),
    );
  });

  it('are enough: ready, both caBundles written, and nothing was forbidden', async () => {
    await grant(undefined);
    await reset(false);
    await startAnd(async (replica) => {
      await waitUntilReady(replica);
      const written = () =>
        replica.log().filter(({ message }) => message === 'caBundle written').length === 2 || undefined;
      await waitFor('both caBundles to be written', written, timeoutMs);
      assert.deepEqual(
        replica.log().filter((line) => JSON.stringify(line).includes('forbidden')),
        [],
      );
      assert.deepEqual(
        replica.log().filter(({ step, level }) => step !== undefined && level !== 'info'),
        [],
      );
    });
  });

  for (const [name, expected] of Object.entries(failures)) {
    it(`${name} is needed`, async () => {
      const missing = allRights(roles).find(({ resource, verb }) => `${resource} ${verb}` === name);
      assert.ok(missing);
      await grant(missing);
      await reset(name === 'secrets patch');
      await startAnd(async (replica) => {
        const isIt = (line: LogLine): boolean =>
          (expected.step === undefined || line['step'] === expected.step) &&
          (expected.message === undefined || line.message === expected.message) &&
          (name === 'validatingwebhookconfigurations get' || isForbidden(line, missing));
        await waitFor(`the failure of ${name}`, () => replica.log().some(isIt) || undefined, timeoutMs);
      });
    });
  }
});

/** Returns whether a line of the log has the API server's words about this right. */
function isForbidden(line: LogLine, { resource, verb }: Right): boolean {
  return new RegExp(`${resource}[^ ]* .*is forbidden: User .* cannot ${verb} resource "${resource}"`).test(
    String(line['error']),
  );
}

function rulesOf(role: KubernetesObject): Rule[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a manifest of ours
  return (Array.isArray(role['rules']) ? role['rules'] : []).filter(isRecord) as unknown as Rule[];
}

function allRights(roles: readonly KubernetesObject[]): Right[] {
  return roles.flatMap((role) =>
    rulesOf(role).flatMap(({ resources, verbs }, rule) =>
      resources.flatMap((resource) => verbs.map((verb) => ({ role: role.kind ?? '', rule, resource, verb }))),
    ),
  );
}
