// What the chart gives to Prometheus and Grafana.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { asObject, type JsonObject } from '../../src/identity/json.ts';
import { parseManifests } from '../cluster/manifests.ts';
import { useScope } from '../kubernetes/scope.ts';
import { type Alert, alertsFile, readAlerts } from '../monitoring/alert-rules.ts';
import { requireTool } from '../monitoring/debian-tools.ts';
import { needTool } from '../tools/find-tool.ts';
import { chartFolder, readChartFile } from './chart.ts';
import { authorityPem } from './renderings.ts';

type Release = { readonly name: string; readonly namespace: string };

const usual: Release = { name: 'irsa-webhook', namespace: 'irsa-webhook' };
const another: Release = { name: 'roles', namespace: 'identity' };

type Texts = Readonly<Record<string, string>>;

/** The fields of the objects that the tests look at. */
type Rendered = {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Texts;
    readonly annotations?: Texts;
  };
  readonly spec: {
    readonly jobLabel?: string;
    readonly selector: { readonly matchLabels: Texts };
    readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[];
    readonly [field: string]: unknown;
  };
  readonly data: Texts;
};

/** Kinds of the Prometheus operator, and the ends of the names of other objects. */
const kinds = ['ServiceMonitor', 'PodMonitor', 'PrometheusRule'];
const names = /-(metrics|dashboard)$/;

function alertsOf({ spec }: Rendered): Alert[] {
  return spec.groups.flatMap(({ rules }) => rules);
}

function ofKind(objects: readonly Rendered[], kind: string): Rendered {
  const found = objects.find((object) => object.kind === kind);
  assert.ok(found, kind);
  return found;
}

describe('the monitoring of the chart', function () {
  this.timeout(60_000);
  const scope = useScope();
  let helm = '';

  before(function () {
    helm = needTool(this, 'helm', process.env);
  });

  function template(values: JsonObject, { name, namespace }: Release = usual) {
    const args = ['template', name, chartFolder, '--namespace', namespace, '--values', '-'];
    return spawnSync(helm, args, { encoding: 'utf8', input: stringify(values) });
  }

  /** Returns the objects that are for monitoring. */
  function render(monitoring: JsonObject, release: Release = usual, others: JsonObject = {}): Rendered[] {
    const { status, stdout, stderr } = template({ monitoring, ...others }, release);
    assert.equal(status, 0, stderr);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test fails where they are not like that
    const objects = parseManifests(stdout) as unknown as Rendered[];
    return objects.filter(({ kind, metadata }) => kinds.includes(kind) || names.test(metadata.name));
  }

  function renderRules(prometheusRule: JsonObject, release?: Release, others?: JsonObject): Rendered {
    return ofKind(render({ prometheusRule: { enabled: true, ...prometheusRule } }, release, others), 'PrometheusRule');
  }

  it('is off by default', () => {
    assert.deepEqual(render({}), []);
  });

  it('finds every replica by a Service of its own, with the job of the alerts', () => {
    const objects = render({ serviceMonitor: { enabled: true, labels: { release: 'stack' } } });
    const { metadata, spec } = ofKind(objects, 'ServiceMonitor');
    const service = ofKind(objects, 'Service');
    assert.equal(objects.length, 2);
    const { labels } = service.metadata;
    for (const [key, value] of Object.entries(spec.selector.matchLabels)) {
      assert.equal(labels[key], value, `the monitor selects the Service by ${key}`);
    }
    assert.equal(labels[spec.jobLabel ?? ''], 'irsa-webhook');
    assert.equal(metadata.labels['release'], 'stack');
    const port = { name: 'metrics', port: 9999, targetPort: 'metrics', protocol: 'TCP' };
    assert.deepEqual(service.spec['ports'], [port]);
    assert.deepEqual(spec['endpoints'], [{ port: 'metrics', path: '/metrics', interval: '30s' }]);
    // A replica that is not ready says in its metrics why.
    assert.equal(service.spec['publishNotReadyAddresses'], true);
  });

  it('finds the pods without a Service', () => {
    const objects = render({ podMonitor: { enabled: true, interval: '' } }, another);
    const { spec } = ofKind(objects, 'PodMonitor');
    assert.equal(objects.length, 1);
    assert.deepEqual(spec['podMetricsEndpoints'], [{ port: 'metrics', path: '/metrics' }]);
    assert.equal(spec.selector.matchLabels[spec.jobLabel ?? ''], 'roles');
  });

  for (const [title, monitoring, message] of [
    [
      'both monitors',
      { serviceMonitor: { enabled: true }, podMonitor: { enabled: true } },
      /: monitoring\.serviceMonitor\.enabled and monitoring\.podMonitor\.enabled are both true, .*: set one of them to false$/m,
    ],
    [
      'an alert that there is not',
      { prometheusRule: { enabled: true, disabled: ['IrsaNothing'] } },
      /: monitoring\.prometheusRule\.disabled names the alert IrsaNothing, which there is not: use one of IrsaFailOpen, /,
    ],
    [
      'a value that there is not',
      { dashboards: {} },
      /at '\/monitoring': additional properties 'dashboards' not allowed/,
    ],
    [
      'a time that is none',
      { podMonitor: { interval: 'often' } },
      /at '\/monitoring\/podMonitor\/interval': 'often' does not match pattern/,
    ],
  ] as const) {
    it(`refuses ${title}`, () => {
      const { status, stderr } = template({ monitoring });
      assert.notEqual(status, 0);
      assert.match(stderr, message);
    });
  }

  it('has the alerts of the plain file, as they are, for the release of the documents', () => {
    const { groups } = asObject(parse(readFileSync(alertsFile, 'utf8'))) ?? {};
    assert.deepEqual(renderRules({}).spec.groups, groups);
  });

  it('has the names of another release in them, and nowhere those of the documents', () => {
    const rules = alertsOf(renderRules({}, another));
    const text = rules.map(({ expr }) => expr).join('\n');
    for (const selector of [
      'job="roles"',
      'namespace="identity"',
      'deployment="roles-irsa-webhook"',
      'policy="roles-irsa-webhook-missed"',
    ]) {
      assert.ok(text.includes(selector), selector);
    }
    assert.doesNotMatch(text, /="irsa-webhook/);
  });

  it('takes the limits, the runbook, labels, the job and what to leave out from values', () => {
    const rules = alertsOf(
      renderRules({
        job: 'webhooks',
        runbookUrl: 'https://docs.example.com/irsa/',
        alertLabels: { team: 'platform', severity: 'page' },
        disabled: ['IrsaNotEnoughReplicas', 'IrsaApiServerNotSeen'],
        leafEndsSoonSeconds: 2_592_000,
        leafEndsNowSeconds: 1_296_000,
        authorityEndsSoonSeconds: 15_768_000,
      }),
    );
    const find = (name: string) => rules.find(({ alert }) => alert === name);
    assert.equal(rules.length, readAlerts().length - 2);
    assert.equal(find('IrsaNotEnoughReplicas'), undefined);
    assert.match(find('IrsaDown')?.expr ?? '', /absent\(up\{job="webhooks"\}\)/);
    assert.match(find('IrsaCertificateEndsSoon')?.expr ?? '', /< 2592000$/);
    assert.match(find('IrsaCertificateEndsNow')?.expr ?? '', /< 1296000$/);
    assert.match(find('IrsaAuthorityEndsSoon')?.expr ?? '', /< 15768000$/);
    for (const { alert, labels, annotations } of rules) {
      assert.deepEqual(labels, { team: 'platform', severity: 'page' });
      assert.equal(annotations['runbook_url'], `https://docs.example.com/irsa/#${alert.toLowerCase()}`);
    }
  });

  it('has no alert that could never fire: without the policy for missed pods, or its audit action, that one is left out', () => {
    for (const [missedPods, isThere] of [
      [{}, true],
      [{ validationActions: ['Audit'] }, true],
      [{ validationActions: ['Warn'] }, false],
      [{ enabled: false }, false],
    ] as const) {
      const alerts = alertsOf(renderRules({}, usual, { missedPods })).map(({ alert }) => alert);
      assert.equal(alerts.includes('IrsaPodsMissed'), isThere, JSON.stringify(missedPods));
    }
  });

  const hour = 3600;
  for (const [title, certificates, [soon, now, authority]] of [
    [
      'of its own',
      { selfManaged: { certificateLifetime: '24h', caLifetime: '720h30m' } },
      [4 * hour, 2 * hour, 120 * hour + 300],
    ],
    ['of cert-manager', { mode: 'cert-manager' }, [360 * hour, 180 * hour, 1460 * hour]],
    [
      'of cert-manager, renewed late',
      { mode: 'cert-manager', certManager: { renewBefore: '24h' } },
      [12 * hour, 6 * hour, 1460 * hour],
    ],
    [
      'in a Secret',
      { mode: 'secret', secretName: 'pair', caBundle: authorityPem },
      [7 * 24 * hour, 2 * 24 * hour, 1460 * hour],
    ],
  ] as const) {
    it(`has limits that suit certificates ${title}`, () => {
      const rules = alertsOf(renderRules({}, usual, { certificates }));
      const limitOf = (name: string) => / < (\d+)$/.exec(rules.find(({ alert }) => alert === name)?.expr ?? '')?.[1];
      assert.deepEqual(
        ['IrsaCertificateEndsSoon', 'IrsaCertificateEndsNow', 'IrsaAuthorityEndsSoon'].map(limitOf),
        [soon, now, authority].map(String),
      );
    });
  }

  it('has rules that Prometheus takes', async () => {
    const file = join(await scope.folder(), 'rules.yaml');
    writeFileSync(file, stringify(renderRules({ alertLabels: { team: 'platform' } }, another).spec));
    const { status, stdout, stderr } = spawnSync(requireTool('promtool'), ['check', 'rules', file], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
  });

  it('has the dashboard, where the sidecar of Grafana looks', () => {
    const original: unknown = JSON.parse(readChartFile('files', 'dashboard.json'));
    const { metadata, data } = ofKind(render({ dashboard: { enabled: true } }), 'ConfigMap');
    assert.equal(metadata.labels['grafana_dashboard'], '1');
    assert.deepEqual(JSON.parse(data['irsa-webhook.json'] ?? ''), original);
  });

  it('has the dashboard where values say, with the names of the release', () => {
    const values = { enabled: true, namespace: 'grafana', labels: { find: 'me' }, annotations: { folder: 'AWS' } };
    const { metadata, data } = ofKind(render({ dashboard: values }, another), 'ConfigMap');
    assert.deepEqual([metadata.namespace, metadata.annotations], ['grafana', { folder: 'AWS' }]);
    assert.equal(metadata.labels['find'], 'me');
    const text = data['irsa-webhook.json'] ?? '';
    assert.ok(text.includes('policy=\\"roles-irsa-webhook-missed\\"'));
    assert.ok(!text.includes('\\"irsa-webhook-missed'));
  });
});
