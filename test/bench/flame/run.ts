// Draws where the time of reviews goes, into docs/performance/flame.svg: npm run bench:flame
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFolder } from '../../program.ts';
import { callMutate } from '../../server/call.ts';
import { createChildren } from '../children.ts';
import { findWrk } from '../load/wrk.ts';
import { createAutocannon } from '../load/autocannon.ts';
import { shareProcessors } from '../machine.ts';
import { createOrders } from '../orders.ts';
import { saturationConnections } from '../plan.ts';
import { createServers } from '../servers.ts';
import { flameGraph } from './flame-graph.ts';
import { describeBundle } from './modules.ts';
import { readCalls } from './profile.ts';

const warmUpSeconds = 15;
const measuredSeconds = 8;
/** Microseconds; V8's default of 1,000 sees a review of 100 in one of ten. */
const intervalUs = 200;

const folder = await mkdtemp(join(tmpdir(), 'irsa-webhook-flame-'));
const children = createChildren();
try {
  const processors = shareProcessors();
  const profiling = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${String(intervalUs)}`];
  const servers = await createServers({ children, processors, folder, nodeFlags: profiling });
  const webhook = await servers.startWebhook(await servers.startAccounts(100), ['--shutdown-delay=0']);
  const options = { children, processor: processors.load, folder };
  const generator = findWrk(options) ?? createAutocannon(options);
  const orders = createOrders({ containers: 2, outcome: 'injected', accounts: 100 });
  const ask = async (): Promise<string[]> =>
    Promise.all(
      orders.map(async ({ review }) => (await callMutate({ port: webhook.port, ca: servers.ca }, review)).body),
    );
  // The first two times that an account comes its patch is written in another way.
  await ask();
  await ask();
  const answers = await ask();
  const load = {
    port: webhook.port,
    path: '/mutate?timeout=10s',
    bodies: orders.map(({ review }) => JSON.stringify(review)),
    answers,
    connections: saturationConnections,
    reviewsPerSecond: undefined,
    onBegin: () => undefined,
  };
  process.stderr.write(`${String(warmUpSeconds + measuredSeconds)} s of reviews\n`);
  await generator.run({ ...load, seconds: warmUpSeconds });
  await generator.run({ ...load, seconds: measuredSeconds });
  const ended = once(webhook.child, 'exit');
  webhook.child.kill('SIGTERM');
  await ended;
  const name = (await readdir(folder)).find((file) => file.endsWith('.cpuprofile'));
  if (name === undefined) throw new Error('expected a CPU profile, got none');
  const calls = readCalls(await readFile(join(folder, name), 'utf8'), measuredSeconds * 1000, describeBundle());
  const path = join(projectFolder, 'docs', 'performance', 'flame.svg');
  await writeFile(path, flameGraph(calls, 'The main thread while reviews of 7 KB are answered, cached role'));
} finally {
  children.endAll();
  await rm(folder, { recursive: true });
}
