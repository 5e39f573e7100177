// What the chart gives to Prometheus and Grafana.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { asArray, asObject, type JsonObject } from '../../src/identity/json.ts';
import { useScope } from '../kubernetes/scope.ts';
import { type Alert, alertsFile, readAlerts } from '../monitoring/alert-rules.ts';
import { requireTool } from '../monitoring/debian-tools.ts';
import { needTool } from '../tools/find-tool.ts';
import { chartFolder, readChartFile } from './chart.ts';

type Release = { readonly name: string; readonly namespace: string };

const usual: Release = { name: 'irsa-webhook', namespace: 'irsa-webhook' };
const another: Release = { name: 'roles', namespace: 'identity' };

/** Metadata of an object. */
type Metadata = {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
};

type Rule = {
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec: { readonly groups: readonly Group[] };
};
type Group = { readonly name: string; readonly rules: readonly Alert[] };

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

  /** Returns the objects whose kind or name says that they are for monitoring. */
  function render(monitoring: JsonObject, release: Release = usual, others: JsonObject = {}): JsonObject[] {
    const { status, stdout, stderr } = template({ monitoring, ...others }, release);
    assert.equal(status, 0, stderr);
    const objects = parseAllDocuments(stdout).map((document): unknown => document.toJS());
    const kinds = ['ServiceMonitor', 'PodMonitor', 'PrometheusRule'];
    return objects.flatMap((value) => {
      const object = asObject(value) ?? {};
      const name = asObject(object['metadata'])?.['name'];
      const isOurs = kinds.includes(String(object['kind'])) || /-(metrics|dashboard)$/.test(String(name));
      return isOurs ? [object] : [];
    });
  }

  const kindsOf = (objects: readonly JsonObject[]) => objects.map(({ kind }) => kind);

  function renderRules(prometheusRule: JsonObject, release?: Release, others?: JsonObject): Rule {
    const [rule] = render({ prometheusRule: { enabled: true, ...prometheusRule } }, release, others);
    assert.equal(rule?.['kind'], 'PrometheusRule');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its form is held to by promtool below
    return rule as unknown as Rule;
  }

  const alertsOf = ({ spec }: Rule) => spec.groups.flatMap(({ rules }) => rules);

  it('is off by default', () => {
    assert.deepEqual(render({}), []);
  });

  it('finds every replica by a Service of its own, with the job of the alerts', () => {
    const objects = render({ serviceMonitor: { enabled: true, labels: { release: 'stack' } } });
    assert.deepEqual(kindsOf(objects).toSorted(), ['Service', 'ServiceMonitor']);
    const service = objects.find(({ kind }) => kind === 'Service');
    const monitor = objects.find(({ kind }) => kind === 'ServiceMonitor');
    const spec = asObject(monitor?.['spec']);
    const labels = asObject(asObject(service?.['metadata'])?.['labels']) ?? {};
    for (const [key, value] of Object.entries(asObject(asObject(spec?.['selector'])?.['matchLabels']) ?? {})) {
      assert.equal(labels[key], value, `the monitor selects the Service by ${key}`);
    }
    assert.equal(labels[String(spec?.['jobLabel'])], 'irsa-webhook');
    assert.equal(asObject(asObject(monitor?.['metadata'])?.['labels'])?.['release'], 'stack');
    const [port] = asArray(asObject(service?.['spec'])?.['ports']) ?? [];
    assert.deepEqual(port, { name: 'metrics', port: 9999, targetPort: 'metrics', protocol: 'TCP' });
    assert.deepEqual(spec?.['endpoints'], [{ port: 'metrics', path: '/metrics', interval: '30s' }]);
    // A replica that is not ready says in its metrics why.
    assert.equal(asObject(service?.['spec'])?.['publishNotReadyAddresses'], true);
  });

  it('finds the pods without a Service', () => {
    const [monitor, ...others] = render({ podMonitor: { enabled: true, interval: '' } }, another);
    assert.deepEqual(others, []);
    assert.equal(monitor?.['kind'], 'PodMonitor');
    const spec = asObject(monitor['spec']);
    assert.deepEqual(spec?.['podMetricsEndpoints'], [{ port: 'metrics', path: '/metrics' }]);
    const selected = asObject(asObject(spec['selector'])?.['matchLabels']);
    assert.equal(selected?.[String(spec['jobLabel'])], 'roles');
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

  const hour = 3600;
  for (const [title, certificates, [soon, now, authority]] of [
    [
      'of its own',
      { selfManaged: { certificateLifetime: '24h', caLifetime: '720h30m' } },
      [4 * hour, 2 * hour, 120 * hour + 300],
    ],
    ['of cert-manager', { mode: 'cert-manager' }, [360 * hour, 180 * hour, 1460 * hour]],
    [
      'in a Secret',
      { mode: 'secret', secretName: 'pair', caBundle: 'LS0tLS1CRUdJTg==' },
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
    const [dashboard] = render({ dashboard: { enabled: true } });
    assert.equal(asObject(asObject(dashboard?.['metadata'])?.['labels'])?.['grafana_dashboard'], '1');
    assert.deepEqual(JSON.parse(String(asObject(dashboard?.['data'])?.['irsa-webhook.json'])), original);

    const values = { enabled: true, namespace: 'grafana', labels: { find: 'me' }, annotations: { folder: 'AWS' } };
    const [moved] = render({ dashboard: values }, another);
    const metadata = asObject(moved?.['metadata']);
    assert.deepEqual([metadata?.['namespace'], metadata?.['annotations']], ['grafana', { folder: 'AWS' }]);
    assert.equal(asObject(metadata?.['labels'])?.['find'], 'me');
    const text = String(asObject(moved?.['data'])?.['irsa-webhook.json']);
    assert.ok(text.includes('policy=\\"roles-irsa-webhook-missed\\"'));
    assert.ok(!text.includes('\\"irsa-webhook-missed'));
  });
});
