/** The chart on a real control plane, from before its installation to after its removal, while pods are created. */
import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chartFolder } from '../../chart/chart.ts';
import { roleArn } from '../accounts.ts';
import type { KubernetesObject, ObjectList } from '../objects.ts';
import { waitFor } from '../wait-for.ts';
import { type ChartCluster, openChartCluster, release, waitUntilServed } from './chart-cluster.ts';
import { compareRights } from './compare-rights.ts';
import { type PodCreation, startPodCreation } from './pod-creation.ts';

/** Of the values that all installations here have. Less than the default of 15 s, so that none waits long for the end of
 * replicas; more than the second and a half that the test's Services lag. */
const quickEnd = '--set=shutdownDelaySeconds=4';
const account = 'with-role';
const timeoutMs = 30_000;

describe('the chart, installed', function () {
  this.timeout(150_000);
  let chart: ChartCluster;
  let elsewhere: string;
  const creations: PodCreation[] = [];
  /** When the first replica was behind the Service, and when its removal began. */
  let readyMs = Infinity;
  let removalMs = Infinity;

  before(async function () {
    chart = await openChartCluster(this);
    elsewhere = await chart.cluster.createNamespace();
    await startCreations(elsewhere);
  });

  after(async () => {
    await Promise.all(creations.map(async (creation) => creation.stop()));
    await chart.stop();
  });

  async function startCreations(namespace: string): Promise<void> {
    const annotations = { 'eks.amazonaws.com/role-arn': roleArn };
    await chart.cluster.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
      metadata: { name: account, annotations },
    });
    for (const isRequired of [false, true]) {
      creations.push(startPodCreation(chart.cluster, { namespace, account, isRequired, perSecond: 2 }));
    }
  }

  async function helm(verb: string, ...rest: readonly string[]): Promise<void> {
    await chart.helm(verb, release, ...rest, '--namespace', release, '--wait', '--timeout', '2m');
  }

  /** Returns a copy of the chart as an older version might have been: other version, labels, annotation and replicas. */
  async function previousChart(): Promise<string> {
    const folder = path.join(chart.cluster.directory, 'previous-chart');
    await cp(chartFolder, folder, { recursive: true });
    const change = async (file: string, from: RegExp, to: string): Promise<void> => {
      const text = await readFile(path.join(folder, file), 'utf8');
      assert.match(text, from);
      await writeFile(path.join(folder, file), text.replace(from, to));
    };
    await change('Chart.yaml', /^version: .*$/m, 'version: 0.0.1');
    await change('Chart.yaml', /^appVersion: .*$/m, 'appVersion: 0.0.1');
    await change('values.yaml', /^commonLabels: \{\}$/m, 'commonLabels: { of: previous }');
    await change('values.yaml', /^podAnnotations: \{\}$/m, 'podAnnotations: { of: previous }');
    await change('values.yaml', /^replicas: 2$/m, 'replicas: 3');
    return folder;
  }

  async function hasNamespace(): Promise<true | undefined> {
    const { status } = await chart.cluster.request('GET', `/api/v1/namespaces/${release}/serviceaccounts/default`);
    return status === 200 || undefined;
  }

  async function runningPods(): Promise<readonly KubernetesObject[]> {
    const pods = `/api/v1/namespaces/${release}/pods?labelSelector=app.kubernetes.io%2Fname%3D${release}`;
    const { items } = await chart.cluster.get<ObjectList>(pods);
    return items.filter(({ metadata }) => metadata['deletionTimestamp'] === undefined);
  }

  it('helm install waits for replicas that serve', async () => {
    const installing = helm('install', await previousChart(), '--create-namespace', quickEnd);
    await waitFor('the namespace of the release', hasNamespace, timeoutMs);
    await startCreations(release);
    await waitUntilServed(chart);
    readyMs = performance.now();
    await installing;
    assert.equal((await runningPods()).length, 3);
  });

  it('helm test passes', async () => {
    const printed = await chart.helm('test', release, '--namespace', release, '--timeout', '1m');
    assert.match(printed, /Phase:\s+Succeeded/);
    assert.match(printed, /result +injected/);
  });

  it('helm upgrade comes from the previous chart', async () => {
    await helm('upgrade', chartFolder, quickEnd);
    const pods = await runningPods();
    assert.equal(pods.length, 2);
    assert.deepEqual(
      pods.map(({ metadata }) => metadata.annotations?.['of']),
      [undefined, undefined],
    );
  });

  it('a changed value replaces the replicas', async () => {
    await helm('upgrade', chartFolder, '--set=podAnnotations.changed=yes,config.awsDefaultRegion=eu-west-1', quickEnd);
    const pods = await runningPods();
    assert.deepEqual(
      pods.map(({ metadata }) => metadata.annotations?.['changed']),
      ['yes', 'yes'],
    );
  });

  it('helm rollback goes back to the previous chart', async () => {
    await helm('rollback', '1');
    const pods = await runningPods();
    assert.deepEqual(
      pods.map(({ metadata }) => metadata.annotations?.['of']),
      ['previous', 'previous', 'previous'],
    );
    assert.deepEqual((await compareRights(chart)).forbidden, []);
  });

  it('helm uninstall leaves nothing registered', async () => {
    removalMs = performance.now();
    await helm('uninstall');
    for (const kind of ['mutating', 'validating']) {
      const configurations = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`;
      assert.deepEqual((await chart.cluster.get<ObjectList>(configurations)).items, []);
    }
    await waitFor('the last replica to end', () => chart.kubelet.workers().length === 0 || undefined, timeoutMs);
  });

  it('no create of a pod failed meanwhile', async () => {
    const attempts = (await Promise.all(creations.map(async (creation) => creation.stop()))).flat();
    const refused = attempts.filter(({ refusal }) => refusal !== undefined);
    const served = attempts.filter(({ startMs, endMs }) => startMs > readyMs && endMs < removalMs);
    const early = refused.filter(({ kind, startMs }) => kind.isRequired && startMs <= readyMs);
    process.stdout.write(
      `      ${String(attempts.length)} creates; ${String(early.length)} of labelled pods refused before the first replica ` +
        `was ready; ${String(served.length)} from then to the removal\n`,
    );
    assert.deepEqual(
      refused.filter((attempt) => !early.includes(attempt)),
      [],
    );
    // Most of them fail open: without a failure of the call none is without its identity.
    assert.deepEqual(
      served.filter(({ isInjected }) => !isInjected),
      [],
    );
    assert.ok(served.length > 100 && attempts.some(({ startMs }) => startMs > removalMs));
    assert.deepEqual(chart.kubelet.faults, []);
    assert.deepEqual(chart.proxy.faults, []);
  });
});
