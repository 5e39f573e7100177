// Makes load with autocannon, in a process of its own, where there is no wrk.
//
// At its rates autocannon sends what is due in a second at once, at the beginning of that second (9.0.0,
// lib/httpClient.js, rateInterval), and its latencies are whole milliseconds: a rate is not asked of it.
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WrongAnswer } from '../right-answer.ts';
import type { AutocannonJob, AutocannonReport } from './autocannon-run.ts';
import type { Load, LoadGenerator, LoadReport } from './load.ts';
import type { WrkOptions } from './wrk.ts';

/** Returns the load generator. */
export function createAutocannon(options: WrkOptions): LoadGenerator {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a package has a version
  const { version } = createRequire(import.meta.url)('autocannon/package.json') as { readonly version: string };
  return { name: `autocannon ${version}`, canPace: false, run: async (load) => run(load, options) };
}

async function run(load: Load, { children, processor, folder }: WrkOptions): Promise<LoadReport> {
  if (load.reviewsPerSecond !== undefined) throw new Error('expected wrk for a rate; autocannon sends it in bursts');
  const { port, path, bodies, answers, connections, seconds } = load;
  const job: AutocannonJob = { url: `https://127.0.0.1:${port}${path}`, bodies, answers, connections, seconds };
  const [jobPath, reportPath] = [join(folder, 'autocannon-job'), join(folder, 'autocannon-report')];
  await writeFile(jobPath, JSON.stringify(job));
  const args = [join(import.meta.dirname, 'autocannon-run.ts'), jobPath, reportPath];
  const child = children.start(process.execPath, args, { processor, stderr: 'inherit' });
  const ended = once(child, 'exit');
  try {
    if (child.stdout === null) throw new Error('expected the output of autocannon, got none');
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === 'begin') load.onBegin();
      if (line.startsWith('wrong ')) throw new WrongAnswer(`expected the right answer, got ${line.slice(6)}`);
    }
    const [code] = (await ended) as unknown[];
    if (code !== 0) throw new Error(`expected autocannon to have all replies, got exit status ${String(code)}`);
  } finally {
    await children.end(child);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the other file wrote
  return JSON.parse(await readFile(reportPath, 'utf8')) as AutocannonReport;
}
