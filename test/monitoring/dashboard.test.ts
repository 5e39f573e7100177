// The dashboard: its form, and every query of it and of the alerts on a real Prometheus that scrapes the built program.
import assert from 'node:assert/strict';
import https from 'node:https';
import { createPod, createReview } from '../admission/reviews.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { type Scope, useScope } from '../kubernetes/scope.ts';
import { freePorts, laptop, portsOf, startProgram } from '../program.ts';
import { callMutate } from '../server/call.ts';
import { alertsFile, readAlerts } from './alert-rules.ts';
import { metricsIn, readDashboard } from './dashboard.ts';
import { askPanels } from './panel-checks.ts';
import { type Prometheus, startPrometheus } from './prometheus.ts';

const dashboard = readDashboard();
const charts = dashboard.panels.filter(({ type }) => type !== 'row');

/** Units of Grafana that are used here. */
const units = ['short', 'none', 's', 'bytes', 'reqps', 'cps', 'cpm'];
const gridColumns = 24;

/** Starts the program as on a laptop, and a Prometheus that scrapes it. */
async function startBoth(scope: Scope) {
  const program = startProgram(scope, [...laptop, ...freePorts]);
  const { port, metricsPort } = await portsOf(program);
  const prometheus = await startPrometheus({
    intervalSeconds: 1,
    ruleFiles: [alertsFile],
    scrapeConfigs: [{ job_name: 'irsa-webhook', static_configs: [{ targets: [`127.0.0.1:${String(metricsPort)}`] }] }],
  });
  scope.onEnd(prometheus.stop);
  return { port, metricsPort, prometheus };
}

/** Sends reviews of some outcomes until Prometheus has seen two counts of them. */
async function sendReviews(port: number, prometheus: Prometheus): Promise<void> {
  const agent = new https.Agent({ rejectUnauthorized: false });
  // One with a role and one without, of manifests/examples.
  const bodies = ['s3-reader', 'web'].map((serviceAccountName) =>
    createReview({ namespace: 'default', object: createPod({ serviceAccountName }) }),
  );
  const isCounted = async (): Promise<true | undefined> => {
    for (const body of bodies) await callMutate({ port, ca: '' }, body, { agent });
    const [total] = await prometheus.query('sum(rate(irsa_webhook_reviews_total[10s]))');
    return (total?.points[0]?.[1] ?? 0) > 0 || undefined;
  };
  await waitFor('Prometheus to see reviews', isCounted, 30_000);
}

describe('the dashboard', function () {
  this.timeout(90_000);
  const scope = useScope();

  it('has for each panel a title, a description, a unit and its own place', () => {
    const cells = new Set<string>();
    for (const { id, title, description = '', fieldConfig, gridPos, targets = [] } of charts) {
      assert.match(description, /^[A-Z].{20,}\.$/, title);
      assert.ok(units.includes(fieldConfig?.defaults.unit ?? ''), `${title}: ${String(fieldConfig?.defaults.unit)}`);
      assert.ok(targets.length > 0, title);
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
      const { x, y, w, h } = gridPos;
      assert.ok(x + w <= gridColumns, title);
      for (let cell = 0; cell < w * h; cell += 1) {
        const place = `${String(x + (cell % w))} ${String(y + Math.floor(cell / w))}`;
        assert.ok(!cells.has(place), `${title} (${String(id)}) lies on another panel`);
        cells.add(place);
      }
    }
    assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  });

  it('asks the data source that is chosen', () => {
    const [first] = dashboard.templating.list;
    assert.deepEqual([first?.name, first?.type], ['datasource', 'datasource']);
    const text = JSON.stringify(dashboard);
    const uids = [...text.matchAll(/"type":"prometheus","uid":"([^"]*)"/g)].map(([, uid]) => uid);
    assert.ok(uids.length > charts.length);
    assert.deepEqual([...new Set(uids)], ['${datasource}']);
  });

  it('and the alerts ask a real Prometheus, which has a value for each metric that the program exposes', async () => {
    const { port, metricsPort, prometheus } = await startBoth(scope);
    await sendReviews(port, prometheus);
    const exposed = await (await fetch(`http://127.0.0.1:${String(metricsPort)}/metrics`)).text();
    const isExposed = (name: string) => exposed.includes(`\n${name}{`) || exposed.includes(`\n${name} `);

    const answers = await askPanels(dashboard, prometheus, { rateInterval: '10s', seconds: 10 });
    const [shown, others] = [true, false].map((wanted) =>
      answers.filter(({ expr }) => metricsIn(expr).every(isExposed) === wanted),
    );
    assert.deepEqual(
      shown?.filter(({ hasValues }) => !hasValues),
      [],
    );
    // What there is only in a cluster is asked for in test/cluster/monitoring.test.ts.
    const elsewhere = new Set(others?.flatMap(({ expr }) => metricsIn(expr)).filter((name) => !isExposed(name)));
    assert.deepEqual(
      [...elsewhere].filter(
        (name) => !/^apiserver_|_(accounts|watch_|relists|live_|cabundle|certificate_ro)/.test(name),
      ),
      [],
    );

    for (const { expr } of readAlerts()) await prometheus.query(expr);
    const rules = await prometheus.rules();
    assert.equal(rules.length, readAlerts().length);
    assert.deepEqual(
      rules.filter(({ health }) => health !== 'ok'),
      [],
    );
  });
});
