// What the chart tells the API server: which pods it sends where, with which seats, and what it notices itself.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../cluster/objects.ts';
import { conditionsFiles, conditionsFolder } from './conditions-files.ts';
import type { Rendering } from './helm.ts';
import { objectOfKind, renderChart } from './render-chart.ts';
import { authorityPem } from './renderings.ts';

const timeoutMs = 60_000;
const manifests = path.join(import.meta.dirname, '../../manifests');

type Selector = {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly { readonly key: string; readonly operator: string; readonly values?: string[] }[];
};

type Entry = {
  readonly name: string;
  readonly clientConfig: { readonly caBundle?: string; readonly service: object };
  readonly rules: readonly object[];
  readonly namespaceSelector: Selector;
  readonly objectSelector: Selector;
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
  readonly failurePolicy: string;
  readonly timeoutSeconds: number;
};

type Configuration = KubernetesObject & { readonly webhooks: readonly Entry[] };

const admissionKinds = [
  'FlowSchema',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'MutatingWebhookConfiguration',
  'PriorityLevelConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
];

const configuration = (values: object): Configuration =>
  objectOfKind<Configuration>(renderChart({ values }), 'MutatingWebhookConfiguration');

const preDeleteHooks = (values: object): KubernetesObject[] =>
  renderChart({ values }).filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === 'pre-delete');

const kinds = (rendering: Rendering): string[] =>
  renderChart(rendering)
    .map(({ kind = '' }) => kind)
    .filter((kind) => admissionKinds.includes(kind))
    .toSorted();

describe('the admission objects of the chart', function () {
  this.timeout(timeoutMs);

  it('send pods to one entry that fails open, and to two that fail closed', () => {
    const { metadata, webhooks } = configuration({});
    assert.equal(metadata.name, 'irsa-webhook');
    assert.deepEqual(
      webhooks.map(({ name, failurePolicy }) => [name, failurePolicy]),
      [
        ['pods.irsa-webhook.io', 'Ignore'],
        ['required-namespaces.irsa-webhook.io', 'Fail'],
        ['required-pods.irsa-webhook.io', 'Fail'],
      ],
    );
    for (const entry of webhooks) {
      const { namespaceSelector: _namespaces, objectSelector: _pods, matchConditions, ...fields } = entry;
      const { name, failurePolicy } = entry;
      assert.deepEqual(fields, {
        name,
        failurePolicy,
        clientConfig: { service: { name: 'irsa-webhook', namespace: 'irsa-webhook', path: '/mutate', port: 443 } },
        rules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' },
        ],
        matchPolicy: 'Equivalent',
        reinvocationPolicy: 'IfNeeded',
        sideEffects: 'None',
        timeoutSeconds: 5,
        admissionReviewVersions: ['v1', 'v1beta1'],
      });
      assert.deepEqual(
        matchConditions.map((condition) => condition.name),
        ['not-a-mirror-pod', 'not-opted-out', 'not-own-pod'],
      );
    }
  });

  it('say in each mode of certificates where the caBundle comes from', () => {
    const bundles = (certificates: object): unknown[] =>
      configuration({ certificates }).webhooks.map(({ clientConfig }) => clientConfig.caBundle);
    const none = [undefined, undefined, undefined];
    assert.deepEqual(bundles({ mode: 'self-managed' }), none, 'the program keeps it');
    assert.deepEqual(bundles({ mode: 'cert-manager' }), none, 'cert-manager puts it in');
    assert.equal(
      configuration({ certificates: { mode: 'cert-manager' } }).metadata.annotations?.[
        'cert-manager.io/inject-ca-from'
      ],
      'irsa-webhook/irsa-webhook',
    );
    const secret = { mode: 'secret', secretName: 'pair' };
    const encoded = Buffer.from(authorityPem).toString('base64');
    assert.deepEqual(bundles({ ...secret, caBundle: encoded }), [encoded, encoded, encoded]);
    const wrapped = ` ${encoded.replaceAll(/.{40}/g, '$&\r\n')}\n\n`;
    assert.equal(bundles({ ...secret, caBundle: wrapped })[0], encoded, 'as base64 wraps it');
    assert.equal(bundles({ ...secret, caBundle: authorityPem })[0], encoded);
    const injected = {
      certificates: secret,
      webhook: { annotations: { 'cert-manager.io/inject-apiserver-ca': 'true' } },
    };
    assert.equal(configuration(injected).webhooks[0]?.clientConfig.caBundle, undefined, 'an injector puts it in');
  });

  it('can have the name, and the annotations, of another configuration', () => {
    const values = { webhook: { name: 'pod-identity-webhook', annotations: { 'example.com/inject': 'true' } } };
    const { metadata } = configuration(values);
    assert.equal(metadata.name, 'pod-identity-webhook');
    assert.deepEqual(metadata.annotations, { 'example.com/inject': 'true' });
    const validating = objectOfKind(renderChart({ values }), 'ValidatingWebhookConfiguration');
    assert.equal(
      validating.metadata.name,
      'pod-identity-webhook',
      'the program keeps the caBundle of both by one name',
    );
  });

  it('narrow every entry, and what is noticed, alike', () => {
    const namespaceSelector = {
      matchLabels: { team: 'shop' },
      matchExpressions: [{ key: 'tier', operator: 'Exists' }],
    };
    const objectSelector = { matchExpressions: [{ key: 'batch', operator: 'DoesNotExist' }] };
    const webhook = { namespaceSelector, objectSelector, includeKubeSystem: false, excludedNamespaces: ['old'] };
    const objects = renderChart({ values: { webhook: { ...webhook, ephemeralContainers: true } } });
    const { webhooks } = objectOfKind<Configuration>(objects, 'MutatingWebhookConfiguration');
    const binding = objectOfKind<{ spec: { matchResources: Pick<Entry, 'namespaceSelector' | 'objectSelector'> } }>(
      objects,
      'ValidatingAdmissionPolicyBinding',
    );
    assert.equal(webhooks.length, 4);
    for (const scope of [...webhooks, binding.spec.matchResources]) {
      assert.deepEqual(scope.namespaceSelector.matchLabels, { team: 'shop' });
      const [names, optOut, ...others] = scope.namespaceSelector.matchExpressions;
      assert.deepEqual(names, {
        key: 'kubernetes.io/metadata.name',
        operator: 'NotIn',
        values: ['old', 'kube-system'],
      });
      assert.deepEqual(optOut, { key: 'eks.amazonaws.com/skip-pod-identity-webhook', operator: 'DoesNotExist' });
      assert.deepEqual(others[0], { key: 'tier', operator: 'Exists' });
      assert.ok(scope.objectSelector.matchExpressions.some(({ key }) => key === 'batch'));
    }
  });

  it('send containers that are added to running pods where that is asked for, and then fail open', () => {
    const entry = configuration({ webhook: { ephemeralContainers: true } }).webhooks.at(-1);
    assert.equal(entry?.name, 'ephemeral-containers.irsa-webhook.io');
    assert.equal(entry.failurePolicy, 'Ignore');
    const resources = ['pods/ephemeralcontainers'];
    assert.deepEqual(entry.rules, [
      { apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources, scope: 'Namespaced' },
    ]);
  });

  it('are those of the plain manifests where those have them', () => {
    const objects = renderChart({
      values: { certificates: { mode: 'secret', secretName: 'pair', caBundle: authorityPem } },
    });
    const encoded = Buffer.from(authorityPem).toString('base64');
    const plain = ['flow-schema.yaml', 'validate-service-accounts.yaml'].flatMap((file) =>
      parseAllDocuments(readFileSync(path.join(manifests, file), 'utf8').replaceAll('CA_BUNDLE', encoded)).map(
        (document) => document.toJS() as unknown,
      ),
    );
    assert.equal(plain.length, 3);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own manifests; what is missing fails the test
    for (const expected of plain as KubernetesObject[]) {
      const { metadata, ...rest } = objectOfKind(objects, expected.kind ?? '');
      assert.deepEqual({ metadata: { name: metadata.name }, ...rest }, expected);
    }
  });

  it('follow the prefix of annotations, and the flags for envFrom and namespaces', () => {
    const config = { annotationPrefix: 'irsa.example.com', respectEnvFrom: true, watchNamespaces: true };
    const values = { config, missedPods: { keepAccountLabel: true }, webhook: { ephemeralContainers: true } };
    const admission = renderChart({ values }).filter(({ kind = '' }) => admissionKinds.includes(kind));
    const text = JSON.stringify(admission);
    assert.ok(!text.includes('eks.amazonaws.com/'));
    assert.ok(!/ANNOTATION_PREFIX|RESPECT_ENV_FROM|WATCH_NAMESPACES/.test(text));
    for (const key of ['role-arn', 'skip-containers', 'include-containers', 'skip-pod-identity-webhook']) {
      assert.ok(text.includes(`irsa.example.com/${key}`), key);
    }
    assert.ok(text.includes('!(true && c.?envFrom'));
    assert.ok(text.includes('true && (namespaceObject.'));
    const byDefault = JSON.stringify(renderChart());
    assert.ok(byDefault.includes('!(false && c.?envFrom'));
    assert.ok(byDefault.includes('false && (namespaceObject.'), 'the program does not look at namespaces either');
  });

  it('leave out the pods of the release in its namespace, whatever they are selected by', () => {
    const selectorLabels = { 'app.kubernetes.io/name': 'other', 'app.kubernetes.io/instance': 'other' };
    for (const values of [{}, { selectorLabels }]) {
      const objects = renderChart({ values, namespace: 'here' });
      const { spec } = objectOfKind<{ spec: { template: { metadata: { labels: Record<string, string> } } } }>(
        objects,
        'Deployment',
      );
      assert.equal(spec.template.metadata.labels['irsa-webhook.io/replica-of'], 'irsa-webhook');
      for (const { matchConditions } of objectOfKind<Configuration>(objects, 'MutatingWebhookConfiguration').webhooks) {
        const own = matchConditions.find(({ name }) => name === 'not-own-pod')?.expression ?? '';
        assert.match(own, /^!\(request\.namespace == 'here' &&/);
        assert.ok(own.includes("object.metadata.labels['irsa-webhook.io/replica-of'] == 'irsa-webhook'"), own);
      }
    }
  });

  it('have what the version of Kubernetes has', () => {
    const values = { missedPods: { keepAccountLabel: true } };
    const webhooks = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];
    const seats = ['FlowSchema', 'PriorityLevelConfiguration'];
    const noticed = ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'];
    const kept = ['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'];
    assert.deepEqual(kinds({ values, kubeVersion: 'v1.28.15-eks-7f9249a' }), [...webhooks, ...seats].toSorted());
    assert.deepEqual(kinds({ values, kubeVersion: '1.29.0' }), [...webhooks, ...seats].toSorted());
    assert.deepEqual(kinds({ values, kubeVersion: '1.30.0' }), [...webhooks, ...seats, ...noticed].toSorted());
    assert.deepEqual(kinds({ values, kubeVersion: 'v1.35.9-gke.1' }), [...webhooks, ...seats, ...noticed].toSorted());
    assert.deepEqual(kinds({ values, kubeVersion: '1.36.0' }), [...webhooks, ...seats, ...noticed, ...kept].toSorted());
    for (const [kubeVersion, version] of [
      ['1.28.0', 'v1beta3'],
      ['1.29.0', 'v1'],
    ] as const) {
      const { apiVersion } = objectOfKind(renderChart({ kubeVersion }), 'FlowSchema');
      assert.equal(apiVersion, `flowcontrol.apiserver.k8s.io/${version}`);
    }
  });

  it('can be left out, but for the entries', () => {
    const off = { webhook: { validateServiceAccounts: false }, flowSchema: { enabled: false } };
    const values = { ...off, missedPods: { enabled: false } };
    assert.deepEqual(kinds({ values }), ['MutatingWebhookConfiguration']);
  });

  it('are removed first by a hook where that is asked for', () => {
    assert.deepEqual(preDeleteHooks({}), []);
    const [hook, ...others] = preDeleteHooks({ webhook: { preDeleteHook: true, name: 'mine' } });
    assert.deepEqual(others, []);
    assert.equal(hook?.kind, 'MutatingWebhookConfiguration');
    assert.equal(hook.metadata.name, 'mine');
    assert.deepEqual(hook['webhooks'], []);
  });

  it('refuse a selector by the label that nobody keeps', () => {
    const accountSelector = { matchLabels: { 'irsa-webhook.io/role': 'true' } };
    const values = { missedPods: { accountSelector, keepAccountLabel: true } };
    assert.throws(
      () => renderChart({ values, kubeVersion: '1.35.0' }),
      /set keepAccountLabel to false and label the accounts/,
    );
    const binding = objectOfKind<{ spec: { paramRef: object } }>(
      renderChart({ values }),
      'ValidatingAdmissionPolicyBinding',
    );
    assert.deepEqual(binding.spec.paramRef, { selector: accountSelector, parameterNotFoundAction: 'Allow' });
    const byHand = { missedPods: { accountSelector } };
    assert.ok(kinds({ values: byHand, kubeVersion: '1.35.0' }).includes('ValidatingAdmissionPolicy'));
  });

  for (const [at, values] of Object.entries({
    '/webhook/failurePolicy': { webhook: { failurePolicy: 'Deny' } },
    '/webhook/timeoutSeconds': { webhook: { timeoutSeconds: 31 } },
    '/webhook': { webhook: { colour: 'red' } },
    '/webhook/namespaceSelector': { webhook: { namespaceSelector: { team: 'shop' } } },
    '/flowSchema/nominalConcurrencyShares': { flowSchema: { nominalConcurrencyShares: 0 } },
    '/missedPods/validationActions/0': { missedPods: { validationActions: ['Deny'] } },
    '/missedPods/accountSelector': { missedPods: { accountSelector: { role: 'true' } } },
  })) {
    it(`refuse a wrong value at ${at}`, () => {
      assert.throws(() => renderChart({ values }), new RegExp(`at '${at}'`));
    });
  }
});

describe('the conditions of the chart', () => {
  it('are what the tables of the program say', () => {
    assert.deepEqual(readdirSync(conditionsFolder).toSorted(), [...conditionsFiles().keys()]);
    for (const [name, text] of conditionsFiles()) {
      assert.equal(readFileSync(path.join(conditionsFolder, name), 'utf8'), text, 'npm run chart:conditions');
      assert.ok(parse(text));
    }
  });
});
