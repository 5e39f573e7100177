// The figures of a run in tables.
import { budgetsOf } from './budgets.ts';
import type { BenchResult, SeriesResult } from './result.ts';
import { medianOf, type Spread } from './statistics.ts';
import { markdownTable, type Table, textTable } from './table.ts';

const outcomeTitles = {
  injected: 'injected',
  opted_out_by_pod: 'opted out',
  no_role_annotation: 'no role, read live',
} as const;

/** Returns all that a person wants to see after a run. */
export function textReport(result: BenchResult): string {
  return [`\n${describeRun(result)}\n`, ...tablesOf(result).map(textTable)].join('\n');
}

/** Returns the same for docs/performance.md. */
export function markdownReport(result: BenchResult): string {
  return [describeRun(result), ...tablesOf(result).map(markdownTable)].join('\n\n');
}

/** A floor that has less than this of its core at saturation was kept from it. */
const undisturbedShare = 0.9;

function describeRun({ date, machine, loadGenerator, plan, saturation, paced }: BenchResult): string {
  const pinned = machine.isPinned ? 'the server on one core, the load on another' : 'server and load share all cores';
  const rate = paced.length === 0 ? ' Nothing was measured at a rate: that needs wrk.' : '';
  const length = plan.isQuick ? ' A quick look: the figures are rough.' : '';
  const floors = saturation.filter(({ server }) => server === 'floor').map(({ figures }) => figures.busyShare.median);
  const share = medianOf(floors);
  const disturbed =
    share < undisturbedShare
      ? ` Other work had the cores, too: the floor got ${(share * 100).toFixed(0)} % of its own, so that only ratios count.`
      : '';
  return (
    `${date}, Node ${machine.node}, ${machine.cores} cores of ${machine.processor}, ${pinned}; load by ${loadGenerator}. ` +
    `Medians of ${plan.rounds} rounds, for the budgets of reviews of ${plan.budgetRounds}; in brackets the least and the most of them.${rate}${length}${disturbed}`
  );
}

function tablesOf(result: BenchResult): Table[] {
  const { paced, plan } = result;
  const pacedTables = paced.length === 0 ? [] : [pacedTable(paced, plan.reviewsPerSecond)];
  return [budgetTable(result), saturationTable(result.saturation), ...pacedTables, startTable(result)];
}

function budgetTable(result: BenchResult): Table {
  return {
    title: 'Budgets',
    head: ['what', 'budget', 'this run', ''],
    rows: budgetsOf(result).map(({ what, limit, figure, isMet }) => [
      what,
      limit,
      show(figure, 2),
      isMet ? 'met' : 'missed',
    ]),
    wordColumns: 2,
  };
}

function saturationTable(list: readonly SeriesResult[]): Table {
  return {
    title: 'As many reviews as are answered',
    head: [
      'containers',
      'review',
      'outcome',
      'accounts',
      'CPU us',
      'x floor',
      'reviews/s',
      'x floor',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'API server us',
      'core %',
    ],
    rows: list.map(({ server, kind, reviewBytes, answerBytes, figures, toFloor }) => [
      String(kind.containers),
      `${(reviewBytes / 1000).toFixed(1)} KB`,
      server === 'floor' ? `floor, answer of ${answerBytes} bytes` : outcomeTitles[kind.outcome],
      server === 'floor' ? '' : grouped(kind.accounts),
      show(figures.cpuMicroseconds, 0),
      toFloor ? show(toFloor.cpu, 2) : '',
      show(figures.reviewsPerSecond, 0),
      toFloor ? show(toFloor.reviewsPerSecond, 2) : '',
      show(figures.p50Ms, 2),
      show(figures.p99Ms, 2),
      show(figures.p999Ms, 2),
      figures.apiServerCpuMicroseconds.median > 1 ? show(figures.apiServerCpuMicroseconds, 0) : '',
      (figures.busyShare.median * 100).toFixed(0),
    ]),
    wordColumns: 3,
  };
}

function pacedTable(list: readonly SeriesResult[], reviewsPerSecond: number): Table {
  return {
    title: `${grouped(reviewsPerSecond)} reviews a second`,
    head: ['outcome', 'accounts', 'reviews/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'CPU us'],
    rows: list.map(({ server, kind, answerBytes, figures }) => [
      server === 'floor' ? `floor, answer of ${answerBytes} bytes` : outcomeTitles[kind.outcome],
      server === 'floor' ? '' : grouped(kind.accounts),
      show(figures.reviewsPerSecond, 0),
      show(figures.p50Ms, 2),
      show(figures.p99Ms, 2),
      show(figures.p999Ms, 2),
      show(figures.cpuMicroseconds, 0),
    ]),
    wordColumns: 1,
  };
}

function startTable({ starts, loaded }: BenchResult): Table {
  const loadedOf = (accounts: number) => loaded.find((entry) => entry.accounts === accounts);
  const columns = starts.map((start) => [
    show(start.listeningSeconds, 2),
    show(start.firstAnswerSeconds, 2),
    show(start.readySeconds, 2),
    show(start.idleMegabytes, 0),
    show(start.residentMegabytes, 0),
    show(start.peakMegabytes, 0),
    show(start.residentAfterRelistMegabytes, 0),
    show(start.peakWithRelistMegabytes, 0),
    loadedOf(start.accounts)?.residentMegabytes.toFixed(0) ?? '',
    loadedOf(start.accounts)?.peakMegabytes.toFixed(0) ?? '',
  ]);
  const titles = [
    'start to listening, s',
    'first right answer, s',
    'ready, s',
    'memory when ready, never asked, MB',
    'memory after the first two reviews, MB',
    'peak until then, MB',
    'memory after a new list, MB',
    'peak until then, MB',
    'memory after the load at saturation, MB',
    'peak until then, MB',
  ];
  return {
    title: 'Start and memory',
    head: ['', ...starts.map(({ accounts }) => `${grouped(accounts)} accounts`)],
    rows: titles.map((title, row) => [title, ...columns.map((column) => column[row] ?? '')]),
    wordColumns: 1,
  };
}

function show({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
