// A real Prometheus on loopback: it scrapes what it is told to, keeps it in a folder, and is asked by its HTTP API.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../cluster/free-port.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { requireTool } from './debian-tools.ts';

const readyTimeoutMs = 30_000;
const evaluatedTimeoutMs = 30_000;

/** An entry of `scrape_configs`. */
export type ScrapeConfig = { readonly job_name: string; readonly [field: string]: unknown };

/** A series over time: its labels, and pairs of seconds since 1970 and a value. */
export type Series = {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [atSeconds: number, value: number])[];
};

/** A rule as Prometheus has evaluated it. */
export type EvaluatedRule = { readonly name: string; readonly health: string; readonly lastError?: string };

export type Prometheus = {
  /** Returns what an expression gives now, one point each; throws with Prometheus' own words where it is not one. */
  readonly query: (expr: string) => Promise<Series[]>;
  /** Returns what it gave from one time to another, every so many seconds. */
  readonly queryRange: (
    expr: string,
    range: { readonly start: number; readonly end: number; readonly step: number },
  ) => Promise<Series[]>;
  /** Returns its rules when each has been evaluated once. */
  readonly rules: () => Promise<EvaluatedRule[]>;
  readonly stop: () => Promise<void>;
};

/** What it does: whom it scrapes, how often, and by which files of rules. */
export type PrometheusOptions = {
  readonly intervalSeconds: number;
  readonly scrapeConfigs: readonly ScrapeConfig[];
  readonly ruleFiles?: readonly string[];
};

/** Starts it and returns when it answers. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const program = requireTool('prometheus');
  const folder = await mkdtemp(join(tmpdir(), 'irsa-webhook-prometheus-'));
  const configPath = join(folder, 'prometheus.yaml');
  await writeFile(configPath, configOf(options));
  const port = await freePort();
  const flags = [
    `--config.file=${configPath}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${String(port)}`,
    '--log.level=warn',
  ];
  const child = spawn(program, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = once(child, 'close');
  const killWithUs = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killWithUs);
  const stop = async (): Promise<void> => {
    process.off('exit', killWithUs);
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const origin = `http://127.0.0.1:${String(port)}`;
  const isReady = async (): Promise<true | undefined> =>
    child.exitCode !== null || (await fetch(`${origin}/-/ready`)).ok || undefined;
  await waitFor('Prometheus to be ready', isReady, readyTimeoutMs);
  if (child.exitCode !== null) {
    await stop();
    throw new Error(`expected Prometheus to run, got its end: ${log}`);
  }
  const ask = (path: string, values: Record<string, string>) =>
    askPrometheus(`${origin}/api/v1/${path}?${new URLSearchParams(values).toString()}`);
  const evaluatedRules = async (): Promise<EvaluatedRule[] | undefined> => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as Prometheus documents it
    const { groups } = (await ask('rules', {})) as { groups: { rules: EvaluatedRule[] }[] };
    const rules = groups.flatMap((group) => group.rules);
    return rules.every(({ health }) => health !== 'unknown') ? rules : undefined;
  };
  return {
    query: async (expr) => seriesOf(await ask('query', { query: expr })),
    queryRange: async (expr, { start, end, step }) =>
      seriesOf(await ask('query_range', { query: expr, start: String(start), end: String(end), step: String(step) })),
    rules: () => waitFor('every rule to be evaluated', evaluatedRules, evaluatedTimeoutMs),
    stop,
  };
}

function configOf({ intervalSeconds, scrapeConfigs, ruleFiles = [] }: PrometheusOptions): string {
  const interval = `${String(intervalSeconds)}s`;
  return stringify({
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: ruleFiles,
    scrape_configs: scrapeConfigs,
  });
}

async function askPrometheus(url: string): Promise<unknown> {
  const response = await fetch(url);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as Prometheus documents it
  const { status, data, error } = (await response.json()) as { status: string; data?: unknown; error?: string };
  assert.equal(status, 'success', error ?? '');
  return data;
}

/** A vector has one value a series, a matrix many; a scalar is not asked for. */
function seriesOf(data: unknown): Series[] {
  type Point = readonly [number, string];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as Prometheus documents it
  const { result } = data as { result: { metric: Record<string, string>; value?: Point; values?: Point[] }[] };
  return result.map(({ metric, value, values = value === undefined ? [] : [value] }) => ({
    labels: metric,
    points: values.map(([atSeconds, text]) => [atSeconds, Number(text)] as const),
  }));
}
