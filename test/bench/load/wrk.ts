// Makes load with wrk, by the script beside this file.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Children } from '../children.ts';
import { WrongAnswer } from '../right-answer.ts';
import type { Load, LoadGenerator, LoadReport } from './load.ts';

/** What running wrk needs. */
export type WrkOptions = {
  readonly children: Children;
  readonly processor: string | undefined;
  /** For what wrk reads and writes. */
  readonly folder: string;
};

/** Beyond the time of the load: by then something hangs. */
const graceSeconds = 20;

/** Returns the load generator, or undefined where wrk is not installed. */
export function findWrk(options: WrkOptions): LoadGenerator | undefined {
  const { stdout, error } = spawnSync('wrk', ['-v'], { encoding: 'utf8' });
  if (error) return undefined;
  const version = /\b(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? '';
  return { name: `wrk ${version}`.trim(), canPace: true, run: async (load) => run(load, options) };
}

async function run(load: Load, { children, processor, folder }: WrkOptions): Promise<LoadReport> {
  const [bodies, answers, result] = ['bodies', 'answers', 'result'].map((name) => join(folder, `wrk-${name}`));
  if (bodies === undefined || answers === undefined || result === undefined) throw new Error('expected three files');
  await writeFile(bodies, linesOf(load.bodies));
  await writeFile(answers, linesOf(load.answers));
  const { port, path, connections, seconds, reviewsPerSecond = 0 } = load;
  const duration = Math.ceil(seconds) + graceSeconds;
  const own = ['--threads=1', `--connections=${connections}`, `--duration=${duration}`, '--timeout=10'];
  const script = [`--script=${join(import.meta.dirname, 'wrk.lua')}`, `https://127.0.0.1:${port}`, '--'];
  const scripted = [bodies, answers, result, path, connections, seconds, reviewsPerSecond].map(String);
  const child = children.start('wrk', [...own, ...script, ...scripted], { processor, stderr: 'inherit' });
  try {
    await follow(child, load.onBegin);
  } finally {
    await children.end(child);
  }
  return parseResult(await readFile(result, 'utf8'));
}

/** Resolves when wrk has ended well. */
async function follow(child: ChildProcess, onBegin: () => void): Promise<void> {
  if (child.stdout === null) throw new Error('expected the output of wrk, got none');
  const ended = once(child, 'exit');
  const said: string[] = [];
  let isFinished = false;
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (line === 'connected') onBegin();
    if (line.startsWith('wrong ')) throw new WrongAnswer(`expected the right answer, got ${line.slice(6)}`);
    if (line !== 'finished') continue;
    isFinished = true;
    // It sleeps until the end of its duration unless it is interrupted, and then tells of errors.
    child.kill('SIGINT');
  }
  await ended;
  const errors = said.find((line) => line.startsWith('ended with '));
  if (!isFinished || errors === undefined || /[1-9]/.test(errors)) {
    throw new Error(`expected wrk to have all replies, got:\n${said.slice(-20).join('\n')}`);
  }
}

function parseResult(text: string): LoadReport {
  const [first = '', ...latencies] = text.trimEnd().split('\n');
  const [sent = Number.NaN, microseconds = Number.NaN] = first.split(' ').map(Number);
  if (latencies.length !== sent) throw new Error(`expected ${sent} replies, got ${latencies.length}`);
  const latenciesMs = latencies.map((latency) => Number(latency) / 1000).toSorted((left, right) => left - right);
  return { sent, measured: sent, seconds: microseconds / 1e6, latenciesMs };
}

function linesOf(texts: readonly string[]): string {
  if (texts.some((text) => text.includes('\n'))) throw new Error('expected texts of one line');
  return texts.map((text) => `${text}\n`).join('');
}
