// What the documents hold of a run: its JSON, two images, and the tables of docs/performance.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../program.ts';
import { markdownReport } from '../report.ts';
import { type BenchResult, readResult } from '../result.ts';
import { costChart } from './cost-chart.ts';
import { latencyChart } from './latency-chart.ts';

const folder = join(projectFolder, 'docs', 'performance');
const pagePath = join(projectFolder, 'docs', 'performance.md');
const resultPath = join(folder, 'bench.json');
const marked = /(<!-- bench -->\n\n)[^]*?(\n\n<!-- \/bench -->)/;

/** Returns the run that the documents tell of. */
export function publishedResult(): BenchResult {
  return readResult(resultPath);
}

/** Returns the texts that follow from a run, by the paths of their files. */
export function documentsOf(result: BenchResult): ReadonlyMap<string, string> {
  const page = readFileSync(pagePath, 'utf8');
  if (!marked.test(page)) throw new Error(`expected the mark of the figures in ${pagePath}, got none`);
  return new Map([
    [join(folder, 'cost.svg'), costChart(result)],
    [join(folder, 'latency.svg'), latencyChart(result)],
    [pagePath, page.replace(marked, (_, before: string, after: string) => before + markdownReport(result) + after)],
  ]);
}

/** Puts a run into the documents. */
export function publish(result: BenchResult): void {
  if (result.plan.isQuick) throw new Error('expected a full run (npm run bench), got a quick one');
  writeFileSync(resultPath, `${JSON.stringify(result, undefined, 2)}\n`);
  for (const [path, text] of documentsOf(result)) writeFileSync(path, text);
}
