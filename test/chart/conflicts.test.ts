// Values that contradict each other fail with one sentence that says what to change.
import assert from 'node:assert/strict';
import { asObject, type JsonObject } from '../../src/identity/json.ts';
import { chartValues, readChartFile } from './chart.ts';
import { snapshotObjects } from './documents.ts';
import { tryChart } from './helm.ts';
import { flagOf } from './pod-template.ts';
import { authorityPem, snapshotRenderings } from './renderings.ts';

const conflicts: readonly (readonly [what: string, values: JsonObject, sentence: RegExp, release?: string])[] = [
  [
    'a release that begins with a digit',
    {},
    /the objects would be named 1e5-irsa-webhook by the release, .*: set fullnameOverride$/,
    '1e5',
  ],
  [
    'a label of the chart for every object',
    { commonLabels: { 'app.kubernetes.io/part-of': 'platform' } },
    /commonLabels has app\.kubernetes\.io\/part-of, which the chart sets itself: take it out$/,
  ],
  [
    'a budget with both bounds',
    { podDisruptionBudget: { minAvailable: 1, maxUnavailable: 1 } },
    /podDisruptionBudget\.minAvailable and podDisruptionBudget\.maxUnavailable are both set: set one of them to null$/,
  ],
  [
    'a budget with both bounds, of 0',
    { podDisruptionBudget: { minAvailable: 0, maxUnavailable: 0 } },
    /are both set: set one of them to null$/,
  ],
  [
    'a budget for one replica',
    { replicas: 1, podDisruptionBudget: { enabled: true } },
    /podDisruptionBudget\.enabled is true with one replica.*: set replicas .*to at least 2, or .*to auto$/,
  ],
  [
    'a budget for one replica of an autoscaler',
    { podDisruptionBudget: { enabled: true }, autoscaling: { enabled: true, minReplicas: 1 } },
    /podDisruptionBudget\.enabled is true with one replica/,
  ],
  [
    'a budget that lets no replica go',
    { replicas: 3, podDisruptionBudget: { minAvailable: 3 } },
    /podDisruptionBudget\.minAvailable is 3 with 3 replicas.*: set it to at most 2$/,
  ],
  [
    'a budget that keeps each replica',
    { podDisruptionBudget: { minAvailable: '100%' } },
    /podDisruptionBudget\.minAvailable is 100% with 2 replicas.*: set it to at most 1$/,
  ],
  [
    'a budget that keeps each replica, rounded up',
    { autoscaling: { enabled: true, minReplicas: 3 }, podDisruptionBudget: { minAvailable: '67%' } },
    /podDisruptionBudget\.minAvailable is 67% with 3 replicas.*: set it to at most 2$/,
  ],
  [
    'a budget of which nothing may be missing',
    { podDisruptionBudget: { maxUnavailable: 0 } },
    /podDisruptionBudget\.maxUnavailable is 0, so that no node with a replica could be drained: set it to at least 1$/,
  ],
  [
    'a budget of which 0% may be missing',
    { podDisruptionBudget: { enabled: true, maxUnavailable: '0%' } },
    /podDisruptionBudget\.maxUnavailable is 0%, so that no node/,
  ],
  [
    'a bound for one replica, which has no budget',
    { replicas: 1, podDisruptionBudget: { minAvailable: 1 } },
    /podDisruptionBudget\.minAvailable is 1 with one replica, for which .* auto makes no budget: set .*, or minAvailable to null$/,
  ],
  [
    'fewest replicas over most',
    { autoscaling: { enabled: true, minReplicas: 6 } },
    /autoscaling\.minReplicas is more than autoscaling\.maxReplicas: raise the one or lower the other$/,
  ],
  [
    'an autoscaler without a request',
    { autoscaling: { enabled: true }, resources: { requests: { cpu: null } } },
    /autoscaling\.enabled needs resources\.requests\.cpu, .*: set it$/,
  ],
  [
    'a rollout that cannot go on',
    { rollingUpdate: { maxSurge: '0%' } },
    /rollingUpdate\.maxSurge and rollingUpdate\.maxUnavailable are both 0, .*: set one of them to 1$/,
  ],
  ['one port twice', { metricsPort: 9443 }, /port and metricsPort are the same: give each its own$/],
  [
    'two families of a single stack',
    { service: { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4', 'IPv6'] } },
    /service\.ipFamilies has two families with service\.ipFamilyPolicy SingleStack: leave one of them out, or set .* to PreferDualStack$/,
  ],
  [
    "the kubelet's port in the host's network",
    { hostNetwork: true, port: 10_250 },
    /port is 10250, which the kubelet or kube-proxy has .*: choose another one, such as 9443$/,
  ],
  [
    "kube-proxy's port in the host's network",
    { hostNetwork: true, metricsPort: 10_249 },
    /metricsPort is 10249, which .*: choose another one, such as 9999$/,
  ],
  [
    "a policy in the host's network",
    { hostNetwork: true, networkPolicy: { enabled: true } },
    /networkPolicy\.enabled guards nothing .*: set one of them to false$/,
  ],
  [
    'cert-manager with a caBundle',
    { certificates: { mode: 'cert-manager', caBundle: 'Q0E=' } },
    /certificates\.caBundle is set with certificates\.mode cert-manager, .*: leave it empty, or set .* to secret$/,
  ],
  [
    'an authority of its own with a caBundle',
    { certificates: { caBundle: 'Q0E=' } },
    /certificates\.caBundle is set with certificates\.mode self-managed/,
  ],
  [
    'an issuer without cert-manager',
    { certificates: { certManager: { issuerRef: { name: 'ours' } } } },
    /certificates\.certManager\.issuerRef\.name is set with certificates\.mode self-managed: set .* to cert-manager, or/,
  ],
  [
    'a Secret without its name',
    { certificates: { mode: 'secret', caBundle: 'Q0E=' } },
    /certificates\.secretName is required with certificates\.mode secret: name the Secret/,
  ],
  [
    'a Secret without its authority',
    { certificates: { mode: 'secret', secretName: 'pair' } },
    /certificates\.caBundle is required with certificates\.mode secret: give the authority/,
  ],
  [
    'a Secret with an annotation that injects nothing',
    {
      certificates: { mode: 'secret', secretName: 'pair' },
      webhook: { annotations: { 'example.com/inject': 'true' } },
    },
    /caBundle is required .*: give .*, or in webhook\.annotations one by which .* \(cert-manager\.io\/inject-ca-from, .*\)$/,
  ],
  [
    'a Secret with an injector that is turned off',
    {
      certificates: { mode: 'secret', secretName: 'pair' },
      webhook: { annotations: { 'service.beta.openshift.io/inject-cabundle': 'false' } },
    },
    /certificates\.caBundle is required with certificates\.mode secret/,
  ],
  [
    'an authority that is no certificate',
    { certificates: { mode: 'secret', secretName: 'pair', caBundle: 'hello' } },
    /certificates\.caBundle holds no certificate: give the authority's in PEM, or base64 of it/,
  ],
  [
    'base64 of no certificate',
    { certificates: { mode: 'secret', secretName: 'pair', caBundle: 'Q0E=' } },
    /certificates\.caBundle holds no certificate/,
  ],
  [
    'a certificate that is cut off',
    { certificates: { mode: 'secret', secretName: 'pair', caBundle: authorityPem.slice(0, 60) } },
    /certificates\.caBundle holds no certificate/,
  ],
  [
    'an authority with its key',
    { certificates: { mode: 'secret', secretName: 'pair', caBundle: `${authorityPem}-----BEGIN EC PRIVATE KEY-----` } },
    /certificates\.caBundle holds a private key, which anybody could read .*: give the authority's certificate alone$/,
  ],
  [
    'an authority with its key, in base64',
    {
      certificates: {
        mode: 'secret',
        secretName: 'pair',
        caBundle: Buffer.from(`-----BEGIN PRIVATE KEY-----\n${authorityPem}`).toString('base64'),
      },
    },
    /certificates\.caBundle holds a private key/,
  ],
  [
    'an authority of its own, and an injector',
    { webhook: { annotations: { 'service.beta.openshift.io/inject-cabundle': 'true' } } },
    /webhook\.annotations has service\..* with certificates\.mode self-managed, .*: take it out, or set .* to secret$/,
  ],
  [
    'an authority of its own, and that of the API server',
    { webhook: { annotations: { 'cert-manager.io/inject-apiserver-ca': 'true' } } },
    /webhook\.annotations has cert-manager\.io\/inject-apiserver-ca with certificates\.mode self-managed/,
  ],
  [
    'an authority of cert-manager, and that of a Secret',
    {
      certificates: { mode: 'cert-manager' },
      webhook: { annotations: { 'cert-manager.io/inject-ca-from-secret': 'other/pair' } },
    },
    /webhook\.annotations has cert-manager\.io\/inject-ca-from-secret with certificates\.mode cert-manager/,
  ],
  [
    'a certificate that is renewed without end',
    { certificates: { mode: 'cert-manager', certManager: { duration: '720h', renewBefore: '43200m' } } },
    /certManager\.renewBefore \(43200m\) is not shorter than .*duration \(720h\), .*: shorten it, or lengthen the duration$/,
  ],
  [
    'an authority that ends before what it signs',
    { certificates: { mode: 'cert-manager', certManager: { authorityDuration: '2160h' } } },
    /certManager\.authorityDuration \(2160h\) is not longer than .*duration \(2160h\), .*: lengthen it, or shorten the duration$/,
  ],
  [
    'one Secret for certificate and authority',
    { certificates: { mode: 'cert-manager', secretName: 'irsa-webhook-authority' } },
    /certificates\.secretName is irsa-webhook-authority, which is the Secret of the authority: choose another one$/,
  ],
  [
    'two monitors',
    { monitoring: { serviceMonitor: { enabled: true }, podMonitor: { enabled: true } } },
    /monitoring\.serviceMonitor\.enabled and monitoring\.podMonitor\.enabled are both true, .*: set one of them to false$/,
  ],
  [
    'an alert before its warning',
    { monitoring: { prometheusRule: { leafEndsSoonSeconds: 3600, leafEndsNowSeconds: 7200 } } },
    /prometheusRule\.leafEndsNowSeconds comes to 7200 and leafEndsSoonSeconds to 3600, .*: lower the one or raise the other$/,
  ],
  [
    'a warning after the alert of the chart',
    { monitoring: { prometheusRule: { leafEndsSoonSeconds: 3600 } } },
    /prometheusRule\.leafEndsNowSeconds comes to 50400 and leafEndsSoonSeconds to 3600/,
  ],
  [
    'an alert turned off that there is not',
    { monitoring: { prometheusRule: { disabled: ['None'] } } },
    /monitoring\.prometheusRule\.disabled names the alert None, which there is not: use one of /,
  ],
  [
    'a label that nobody keeps',
    {
      missedPods: { keepAccountLabel: true, accountSelector: { matchLabels: { 'irsa-webhook.io/role': 'true' } } },
    },
    /missedPods\.keepAccountLabel cannot keep .* below Kubernetes 1\.36: set keepAccountLabel to false .*, or remove/,
  ],
  [
    'a name of callers without their authority',
    { config: { clientName: 'kube-apiserver' } },
    /config\.clientName counts only in a certificate that is verified: set config\.clientCaFile, too, or leave it empty$/,
  ],
  [
    'a flag for which there is a value',
    { extraArgs: ['--port=1'] },
    /extraArgs has --port=1, which other parts of the chart go by: set port instead$/,
  ],
  [
    'an account that is neither made nor named',
    { serviceAccount: { create: false } },
    /serviceAccount\.name is required where serviceAccount\.create is false: name the account that exists$/,
  ],
];

/** Values that flags follow from whose names are not theirs. */
const ownersOfFlags = {
  port: 'port',
  'metrics-port': 'metricsPort',
  namespace: 'the namespace of the release',
  'shutdown-delay': 'shutdownDelaySeconds',
  'in-cluster': 'certificates.mode',
  'service-name': 'fullnameOverride',
  'tls-secret': 'certificates.secretName',
  'webhook-configuration': 'webhook.name',
  'tls-cert': 'certificates.mode',
  'tls-key': 'certificates.mode',
};

/** Labels that objects of the chart have of its own. */
const ownLabels = [
  'app.kubernetes.io/name',
  'app.kubernetes.io/instance',
  'app.kubernetes.io/version',
  'app.kubernetes.io/part-of',
  'app.kubernetes.io/managed-by',
  'app.kubernetes.io/component',
  'helm.sh/chart',
  'irsa-webhook.io/replica-of',
  'eks.amazonaws.com/skip-pod-identity-webhook',
];

describe('values that contradict each other', () => {
  for (const [what, values, sentence, release = 'irsa-webhook'] of conflicts) {
    it(`fail: ${what}`, () => {
      const { status, errors } = tryChart('template', { values, release });
      assert.notEqual(status, 0);
      const [line = ''] = errors.split('\n');
      const said = /^Error: (?:execution error at \([^)]+\): |.*error calling required: )(.*)$/.exec(line)?.[1] ?? line;
      assert.match(said, sentence);
    });
  }

  it('fail: each label that the chart sets itself, for every object', () => {
    const labels = new Set(
      [...snapshotRenderings().keys()].flatMap((name) =>
        snapshotObjects(name).flatMap((object) =>
          Object.keys(asObject(asObject(object['metadata'])?.['labels']) ?? {}),
        ),
      ),
    );
    // Of `everything`, and of the prefix of annotations that a preset has.
    labels.delete('team');
    labels.delete('irsa-webhook.io/skip-pod-identity-webhook');
    assert.deepEqual(
      [...labels].filter((label) => !ownLabels.includes(label)),
      [],
    );
    for (const label of ownLabels) {
      const { errors } = tryChart('template', { values: { commonLabels: { [label]: 'x' } } });
      assert.ok(errors.includes(`: commonLabels has ${label}, which the chart sets itself`), label);
    }
  });

  it('fail: a flag for which there is a value, named in its place', () => {
    const values = Object.fromEntries(
      chartValues()
        .filter(({ path }) => ['config', 'certificates.selfManaged'].includes(path.slice(0, -1).join('.')))
        .map(({ path }) => [flagOf(path.at(-1) ?? ''), path.join('.')]),
    );
    const owners = Object.entries({ ...values, ...ownersOfFlags });
    assert.ok(owners.length > 40);
    for (const [flag, owner] of owners) {
      const { errors } = tryChart('template', { values: { extraArgs: [`--${flag}=x`] } });
      assert.ok(
        errors.includes(`: extraArgs has --${flag}=x, which other parts of the chart go by: set ${owner} instead`),
        errors,
      );
    }
  });

  it('fail: a flag for which there is a value, in any form', () => {
    for (const argument of ['-v=4', '-v4', '-v', '--v=4', '--port', '-port=1']) {
      const { errors } = tryChart('template', { values: { extraArgs: ['--self-signed', argument] } });
      assert.ok(errors.includes(`: extraArgs has ${argument}, which`), argument);
    }
  });

  it('have each its sentence tried here', () => {
    const sentences = readChartFile('templates', '_conflicts.tpl').match(/(?<=\bfail (?:\(printf )?")[^"]+/g) ?? [];
    assert.ok(sentences.length > 10);
    const said = conflicts.map(
      ([, values, , release = 'irsa-webhook']) => tryChart('template', { values, release }).errors,
    );
    const untried = sentences.filter((sentence) => {
      const words = sentence.split(/%[ds]/).toSorted((a, b) => b.length - a.length)[0] ?? '';
      return !said.some((errors) => errors.includes(words));
    });
    assert.deepEqual(untried, []);
  });

  const agreed: readonly (readonly [string, JsonObject])[] = [
    ['a budget with one bound of 0', { podDisruptionBudget: { minAvailable: 0 } }],
    ['a bound of 0 for one replica', { replicas: 1, podDisruptionBudget: { minAvailable: 0 } }],
    ['a bound for no replica', { replicas: 0, podDisruptionBudget: { minAvailable: 1 } }],
    ['no budget whose bounds would hold up drains', { podDisruptionBudget: { enabled: false, maxUnavailable: 0 } }],
    ['two thirds of three replicas', { replicas: 3, podDisruptionBudget: { minAvailable: '66%' } }],
    ['a budget of which 1% may be missing, which is one', { podDisruptionBudget: { maxUnavailable: '1%' } }],
    ['one replica, and a budget where there are more', { replicas: 1 }],
    [
      'a caBundle in PEM with a Secret',
      { certificates: { mode: 'secret', secretName: 'pair', caBundle: authorityPem } },
    ],
    ...['cert-manager.io/inject-apiserver-ca', 'cert-manager.io/inject-ca-from-secret'].map(
      (key): readonly [string, JsonObject] => [
        `a Secret and ${key}`,
        { certificates: { mode: 'secret', secretName: 'pair' }, webhook: { annotations: { [key]: 'true' } } },
      ],
    ),
    [
      'an issuer of its own, which signs as it likes',
      {
        certificates: {
          mode: 'cert-manager',
          secretName: 'irsa-webhook-authority',
          certManager: { issuerRef: { name: 'ours' }, duration: '2161h', authorityDuration: '1h' },
        },
      },
    ],
    [
      'times of cert-manager where it is not asked',
      { certificates: { certManager: { duration: '1h', authorityDuration: '1h' } } },
    ],
    ['one family of a single stack', { service: { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] } }],
    ['two families by the policy of the cluster', { service: { ipFamilyPolicy: '', ipFamilies: ['IPv6', 'IPv4'] } }],
    ['flags for which there is no value', { extraArgs: ['--kubeconfig=/x', '--vmodule=a=1', '--resync-period=1m'] }],
    ["the kubelet's port on pods", { port: 10_250 }],
  ];
  for (const [what, values] of agreed) {
    it(`do not: ${what}`, () => {
      assert.equal(tryChart('template', { values }).errors, '');
    });
  }
});
