// Draws the dashboard for the documents: npm run dashboard:picture [-- SECONDS | -- redraw]
//
// Some minutes of a real control plane whose pods go through two replicas, which are killed in between; Prometheus scrapes
// them all. "redraw" takes the figures of the last time.
import { setTimeout as sleep } from 'node:timers/promises';
import { brokenCondition, missed, type Monitored, openMonitored, required } from '../../cluster/monitored.ts';
import { openCluster } from '../../cluster/open-cluster.ts';
import { readDashboard } from '../dashboard.ts';
import { collectData } from './data.ts';
import { keepData, publish } from './documents.ts';

const intervalSeconds = 2;
const steps = 100;
const rateInterval = '12s';
const defaultSeconds = 300;
/** Of the whole time. */
const outage = { from: 0.55, to: 0.6 };
/** Pods of each kind in a second: with a role, without, and with a role that they require. */
const perSecond = { role: 24, bare: 8, required: 5 };
/** More than there ever is, for the words of it that are counted at all. */
const turnMs = 100;

async function createPods({ createPod }: Monitored, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  const turns = 1000 / turnMs;
  for (let turn = 0; performance.now() < end; turn += 1) {
    // Waves, so that there is something to see.
    const strength = 1 + 0.5 * Math.sin(turn / 80);
    const due = (rate: number) =>
      Math.floor(((turn + 1) * rate * strength) / turns) - Math.floor((turn * rate * strength) / turns);
    const pods = [
      ...Array.from({ length: due(perSecond.role) }, () => createPod('with-role')),
      ...Array.from({ length: due(perSecond.bare) }, () => createPod('without-role')),
      ...Array.from({ length: due(perSecond.required) }, () => createPod('with-role', required)),
    ];
    await Promise.all([...pods, sleep(turnMs)]);
  }
}

async function runFor(monitored: Monitored, seconds: number): Promise<void> {
  const seldom = async (): Promise<void> => {
    await monitored.createPod('with-role', missed);
    await monitored.createPod('with-role', brokenCondition);
  };
  await createPods(monitored, seconds * outage.from);
  await monitored.killReplicas();
  await seldom();
  await createPods(monitored, seconds * (outage.to - outage.from));
  await monitored.startReplicas();
  await createPods(monitored, seconds * (1 - outage.to));
}

async function measure(seconds: number): Promise<void> {
  const { KUBECONFIG: _someonesCluster, ...environment } = process.env;
  const cluster = await openCluster(environment);
  const monitored = await openMonitored(cluster, { intervalSeconds, certificateLifetime: '168h' });
  try {
    // Rates have two points to look at from the first moment that is shown.
    await createPods(monitored, 10 * intervalSeconds);
    const start = Math.floor(Date.now() / 1000);
    await runFor(monitored, seconds);
    const stepSeconds = (Math.floor(Date.now() / 1000) - start) / (steps - 1);
    const range = { start, stepSeconds, steps, rateInterval };
    keepData(await collectData(readDashboard(), monitored.prometheus, range));
  } finally {
    await monitored.end();
    await cluster.cleanUp();
  }
}

const [argument = String(defaultSeconds)] = process.argv.slice(2);
if (argument !== 'redraw') await measure(Number(argument));
publish();
