// Runs autocannon once: node test/bench/load/autocannon-run.ts JOB REPORT, both JSON in files.
import { readFileSync, writeFileSync } from 'node:fs';
import autocannon from 'autocannon';
import type { Load, LoadReport } from './load.ts';

/** What to do. */
export type AutocannonJob = Pick<Load, 'bodies' | 'answers' | 'connections' | 'seconds'> & { readonly url: string };

/** What came of it. */
export type AutocannonReport = LoadReport;

/** Of each connection, to see how many a second there are: autocannon ends exactly at a number, not at a time. */
const trialRequests = 50;

const [jobPath = '', reportPath = ''] = process.argv.slice(2);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the other file wrote
const { url, bodies, answers, connections, seconds } = JSON.parse(readFileSync(jobPath, 'utf8')) as AutocannonJob;
const requests = bodies.map((body, position) => ({
  body,
  onResponse: (status: number, reply: string): void => {
    if (status === 200 && reply === answers[position]) return;
    process.stdout.write(`wrong ${status} ${reply.slice(0, 2_000)}\n`);
    process.exit(1);
  },
}));

const trial = await send(trialRequests * connections);
process.stdout.write('begin\n');
const rest = await send(Math.max(connections, Math.round((trial.measured / trial.seconds) * seconds)));
writeFileSync(reportPath, JSON.stringify({ ...rest, sent: trial.sent + rest.sent }));

async function send(amount: number): Promise<LoadReport> {
  const latenciesMs: number[] = [];
  let clients = 0;
  const startMs = performance.now();
  const run = autocannon({
    url,
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    connections,
    amount,
    bailout: 1,
    // Each begins with another one, or all would read the same account at the same time.
    setupClient: (client) => {
      const first = Math.floor((clients * bodies.length) / connections);
      clients += 1;
      // Copies, since autocannon writes into them.
      client.setRequests([...requests.slice(first), ...requests.slice(0, first)].map((request) => ({ ...request })));
    },
  });
  let endMs = startMs;
  run.on('response', (_client: unknown, _status: unknown, _bytes: unknown, latencyMs: number) => {
    latenciesMs.push(latencyMs);
    endMs = performance.now();
  });
  const { errors, timeouts, non2xx, '2xx': success } = await run;
  if (errors + timeouts + non2xx > 0 || success !== amount) {
    const faults = `${errors} errors, ${timeouts} timeouts, ${non2xx} that are no success`;
    throw new Error(`expected ${amount} right answers, got ${success} of status 2xx and ${faults}`);
  }
  const inOrder = latenciesMs.toSorted((left, right) => left - right);
  return { sent: amount, measured: amount, seconds: (endMs - startMs) / 1000, latenciesMs: inOrder };
}
