// The image of what a review costs, by containers and outcome, beside the floor.
import type { BenchResult, SeriesResult } from '../result.ts';
import { linearScale } from './scale.ts';
import { axisLine, bar, gridLine, image, label, whisker } from './svg.ts';

const width = 900;
const height = 440;
const plot = { left: 70, right: 880, top: 100, bottom: 370 };
/** About that, of a letter of 12 pixels. */
const letterWidth = 6.5;
/** Of the width of a group. */
const gapShare = 0.16;

type Column = { readonly title: string; readonly colour: string; readonly series: SeriesResult };

const columns: readonly {
  readonly server: SeriesResult['server'];
  readonly outcome: SeriesResult['kind']['outcome'];
  readonly title: string;
  readonly colour: string;
}[] = [
  { server: 'floor', outcome: 'injected', title: 'floor, answer with a patch', colour: '#8a949e' },
  { server: 'webhook', outcome: 'injected', title: 'injected', colour: '#1c64a8' },
  { server: 'floor', outcome: 'opted_out_by_pod', title: 'floor, short answer', colour: '#bcc4cc' },
  { server: 'webhook', outcome: 'opted_out_by_pod', title: 'opted out', colour: '#2a8f82' },
  { server: 'webhook', outcome: 'no_role_annotation', title: 'no role, read live', colour: '#d97a1f' },
];

/** Returns the image, in SVG. */
export function costChart({ saturation, plan }: BenchResult): string {
  const accounts = Math.min(...plan.accounts);
  const groups = plan.containers.map((containers) => ({
    containers,
    columns: columns.flatMap(({ server, outcome, title, colour }): Column[] => {
      const series = saturation.find(
        (entry) =>
          entry.server === server &&
          entry.kind.outcome === outcome &&
          entry.kind.containers === containers &&
          entry.kind.accounts === accounts,
      );
      return series ? [{ title, colour, series }] : [];
    }),
  }));
  const most = Math.max(...groups.flatMap((group) => group.columns.map(({ series }) => cpuOf(series).max)));
  const scale = linearScale(most, plot);
  const groupWidth = (plot.right - plot.left) / groups.length;
  return image(width, height, [
    label(plot.left, 28, 'CPU of the server for a review', { size: 17, anchor: 'start', isBold: true }),
    label(plot.left, 48, 'Medians of the rounds; the lines go from the least to the most of them.', {
      anchor: 'start',
    }),
    ...legend(),
    ...scale.ticks.flatMap((tick) => [
      gridLine(plot.left, plot.right, scale.toY(tick)),
      label(plot.left - 8, scale.toY(tick) + 4, String(tick), { anchor: 'end' }),
    ]),
    label(20, (plot.top + plot.bottom) / 2, 'microseconds a review', { rotate: -90 }),
    ...groups.flatMap((group, position) => {
      const left = plot.left + position * groupWidth;
      const [first] = group.columns;
      const middle = left + groupWidth / 2;
      const kilobytes = ((first?.series.reviewBytes ?? 0) / 1000).toFixed(1);
      return [
        ...drawGroup(group.columns, left + (groupWidth * gapShare) / 2, groupWidth * (1 - gapShare), scale.toY),
        label(middle, plot.bottom + 22, group.containers === 1 ? '1 container' : `${group.containers} containers`),
        label(middle, plot.bottom + 40, `review of ${kilobytes} KB`),
      ];
    }),
    axisLine([plot.left, plot.bottom, plot.right, plot.bottom]),
  ]);
}

function drawGroup(
  group: readonly Column[],
  left: number,
  groupWidth: number,
  toY: (value: number) => number,
): string[] {
  const step = groupWidth / columns.length;
  return group.flatMap(({ series, colour }, position) => {
    const { median, min, max } = cpuOf(series);
    const x = left + position * step;
    const middle = x + step / 2;
    return [
      bar([x + 1, toY(median), step - 2, plot.bottom - toY(median)], colour),
      whisker(middle, toY(min), toY(max)),
      label(middle, toY(max) - 6, median.toFixed(0), { size: 11 }),
    ];
  });
}

function legend(): string[] {
  let x = plot.left;
  return columns.flatMap(({ title, colour }) => {
    const entry = [bar([x, 62, 12, 12], colour), label(x + 18, 72, title, { anchor: 'start' })];
    x += 18 + title.length * letterWidth + 22;
    return entry;
  });
}

function cpuOf({ figures }: SeriesResult) {
  return figures.cpuMicroseconds;
}
