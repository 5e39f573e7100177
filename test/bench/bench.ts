// One run of the benchmark from its first start to its last round.
import type { Children } from './children.ts';
import { findLoadGenerator } from './load/generators.ts';
import { describeMachine, shareProcessors } from './machine.ts';
import { type LoadShape, measure, type MeasureOptions } from './measure.ts';
import {
  budgetGroups,
  type Group,
  pacedConnections,
  pacedGroups,
  type Plan,
  saturationConnections,
  saturationGroups,
} from './plan.ts';
import { memoryOf } from './process-cost.ts';
import type { BenchResult, StartResult } from './result.ts';
import { type Cell, measureRounds } from './rounds.ts';
import { createServers, type Server } from './servers.ts';
import { createStage } from './stage.ts';
import { measureStarts } from './start-up.ts';

/** What a run needs. */
export type BenchOptions = {
  readonly plan: Plan;
  readonly children: Children;
  /** For its files. */
  readonly folder: string;
  readonly onProgress: (text: string) => void;
};

/** As many reviews as are answered. */
const saturated = { connections: saturationConnections, reviewsPerSecond: undefined };

const warmUpSeconds = 1;

/** On a machine too slow for all the reviews. */
const maxWarmUps = 6;

/** Rejects where any answer was not right. Whoever calls it ends the children. */
export async function runBench({ plan, children, folder, onProgress }: BenchOptions): Promise<BenchResult> {
  const processors = shareProcessors();
  const machine = describeMachine(processors);
  const generator = findLoadGenerator({ children, processor: processors.load, folder });
  const servers = await createServers({ children, processors, folder });
  onProgress(`load by ${generator.name}; ${machine.isPinned ? 'the server' : 'nothing'} has a core of its own`);

  const starts: StartResult[] = [];
  const accountServers = new Map<number, Server>();
  for (const count of plan.accounts) {
    onProgress(`starts with ${count} accounts`);
    const accounts = await servers.startAccounts(count);
    accountServers.set(count, accounts);
    starts.push(await measureStarts({ children, servers, accounts, count, starts: plan.starts }));
  }

  const groups = saturationGroups(plan);
  const budgeted = budgetGroups(plan);
  const paced = pacedGroups(plan);
  const options: MeasureOptions = { generator, ca: servers.ca };
  const prepare = async (some: readonly Group[]) => {
    onProgress('preparing and warming up');
    const stage = await createStage(some, servers, accountServers);
    const shape = { ...saturated, seconds: warmUpSeconds };
    await warmUp(stage.cellsOf(some), shape, plan.warmUpReviews, options);
    return stage;
  };
  const measureAll = async (title: string, cells: readonly Cell[], shape: LoadShape, rounds = plan.rounds) =>
    measureRounds(cells, {
      ...options,
      shape,
      rounds,
      onRound: (round) => {
        onProgress(`${title}: round ${round} of ${rounds}`);
      },
    });

  const stage = await prepare([...groups, ...budgeted]);
  const saturationShape = { ...saturated, seconds: plan.saturationSeconds };
  const saturation = await measureAll('saturation', stage.cellsOf(groups), saturationShape);
  const budgetShape = { ...saturated, seconds: plan.budgetSeconds };
  const budgetSeries = await measureAll('budgets', stage.cellsOf(budgeted), budgetShape, plan.budgetRounds);

  const loaded = [...stage.webhooks].map(([accounts, { webhook }]) => ({ accounts, ...memoryOf(webhook.pid) }));
  const staged = [...stage.webhooks.values()].map(({ webhook }) => webhook);
  for (const { child } of [stage.floor, ...staged]) await children.end(child);

  const measurePaced = async () => {
    // By webhooks of their own, warmed up alike: of those of before one has answered most, and V8 keeps a heap at the size
    // that it once needed.
    const pacedStage = await prepare(paced);
    const { reviewsPerSecond, pacedSeconds: seconds } = plan;
    const shape = { connections: pacedConnections, reviewsPerSecond, seconds };
    return measureAll(`${reviewsPerSecond} a second`, pacedStage.cellsOf(paced), shape);
  };
  return {
    date: new Date().toISOString().slice(0, 10),
    machine,
    loadGenerator: generator.name,
    plan,
    saturation,
    budgeted: budgetSeries,
    loaded,
    paced: generator.canPace ? await measurePaced() : [],
    starts,
  };
}

/** Sends reviews each way through each server, so that the engine has compiled it; containers do not matter to that. */
async function warmUp(
  cells: readonly Cell[],
  shape: LoadShape,
  reviews: number,
  options: MeasureOptions,
): Promise<void> {
  const ways = new Map(cells.map((cell) => [`${cell.target.server.pid} ${cell.kind.outcome}`, cell]));
  for (const { target } of ways.values()) {
    for (let sent = 0, tries = 0; sent < reviews && tries < maxWarmUps; tries += 1) {
      const { reviewsPerSecond } = await measure(target, shape, options);
      sent += reviewsPerSecond * shape.seconds;
    }
  }
}
