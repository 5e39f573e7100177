/** Every query of the dashboard and of the alerts on a Prometheus that scrapes a real API server and replicas that it calls. */
import assert from 'node:assert/strict';
import { readAlerts } from '../monitoring/alert-rules.ts';
import { fillIn, readDashboard } from '../monitoring/dashboard.ts';
import { askPanels } from '../monitoring/panel-checks.ts';
import { cluster } from './hooks.ts';
import { needOwnControlPlane } from './own-control-plane.ts';
import { brokenCondition, missed, type Monitored, openMonitored, required } from './monitored.ts';
import { waitFor } from './wait-for.ts';

const timeoutMs = 60_000;
/** In the place of the ten minutes of the alerts: longer than the time between an event and a look at it. */
const window = '30s';

describe('monitoring', function () {
  this.timeout(240_000);
  let monitored: Monitored | undefined;

  before(async function () {
    // The policy has the name that the chart gives it: not on a cluster that may have the chart.
    needOwnControlPlane(this);
    monitored = await openMonitored(cluster(), { intervalSeconds: 1, certificateLifetime: '168h' });
  });

  after(async () => {
    await monitored?.end();
  });

  it('shows what went wrong: each event of the API server raises its alert, the first one of its kind included', async () => {
    assert.ok(monitored);
    const { prometheus, createPod } = monitored;
    // A series that is new counts only where its API server was scraped before.
    const wasScraped = async () => (await prometheus.query(`up{job="apiserver"} offset ${window} == 1`))[0];
    await waitFor('the API server to have been scraped for a while', wasScraped, timeoutMs);
    assert.deepEqual(await raised(), []);

    await monitored.killReplicas();
    try {
      assert.equal(await createPod('with-role'), 201, 'admitted without asking');
      assert.equal(await createPod('with-role', required), 500, 'refused');
      assert.equal(await createPod('with-role', brokenCondition), 201);
      assert.equal(await createPod('with-role', missed), 201);
      const expected = ['IrsaCallErrors', 'IrsaFailOpen', 'IrsaMatchConditionErrors', 'IrsaPodsMissed'];
      const areRaised = async () => ((await raised()).length >= expected.length ? raised() : undefined);
      assert.deepEqual(await waitFor('the alerts', areRaised, timeoutMs), expected);
    } finally {
      await monitored.startReplicas();
    }
  });

  /** Returns the alerts about counts of the API server whose expression holds now, with a shorter window. */
  async function raised(): Promise<string[]> {
    const names: string[] = [];
    for (const { alert, expr } of readAlerts().filter((rule) => rule.expr.includes('offset 10m'))) {
      const series = await monitored?.prometheus.query(expr.replaceAll('10m', window));
      if (series?.length !== 0) names.push(alert);
    }
    return names.toSorted();
  }

  it('has a value for every query of the dashboard', async () => {
    assert.ok(monitored);
    const { prometheus, createPod } = monitored;
    const empty = async () => {
      for (const account of ['with-role', 'without-role']) await createPod(account);
      await createPod('with-role', required);
      const answers = await askPanels(readDashboard(), prometheus, { rateInterval: '10s', seconds: 30 });
      return answers.filter(({ hasValues }) => !hasValues);
    };
    let last = await empty();
    const areFull = async () => ((last = await empty()).length === 0 ? true : undefined);
    await waitFor('a value for every query', areFull, timeoutMs).catch(() => undefined);
    assert.deepEqual(last, []);
  });

  it('shows replicas of the webhook only, though every process has metrics of such names', async () => {
    assert.ok(monitored);
    const { prometheus } = monitored;
    const targets = readDashboard().panels.flatMap((panel) => panel.targets ?? []);
    const byReplica = targets.filter(({ legendFormat }) => legendFormat.includes('{{instance}}'));
    assert.ok(byReplica.length > 5);
    // Prometheus scrapes one replica after the other: a replica that has just started is not yet in every answer.
    const areBothOnly = async (): Promise<true> => {
      for (const { expr } of byReplica) {
        const series = await prometheus.query(fillIn(expr, '10s'));
        const replicas = new Set(series.map(({ labels }) => labels['instance']));
        assert.deepEqual(replicas, new Set(['replica-0', 'replica-1']), expr);
      }
      return true;
    };
    await waitFor('both replicas and nothing else in every query', areBothOnly, timeoutMs);
  });

  it('has no alert whose expression Prometheus cannot evaluate', async () => {
    assert.ok(monitored);
    const rules = await monitored.prometheus.rules();
    assert.equal(rules.length, readAlerts().length);
    assert.deepEqual(
      rules.filter(({ health }) => health !== 'ok'),
      [],
    );
  });
});
