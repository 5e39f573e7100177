// The image of latencies at a fixed rate, by the number of accounts, beside the floor.
import type { BenchResult, SeriesResult } from '../result.ts';
import { logScale, type Scale } from './scale.ts';
import { axisLine, bar, dot, gridLine, image, label, whisker } from './svg.ts';

const width = 900;
const height = 460;
const plot = { left: 70, right: 880, top: 130, bottom: 390 };
/** Between the two halves. */
const gap = 30;

const percentiles = [
  { name: 'p50Ms', title: 'p50', colour: '#1c64a8' },
  { name: 'p99Ms', title: 'p99', colour: '#d97a1f' },
  { name: 'p999Ms', title: 'p99.9', colour: '#9b2c3c' },
] as const;

const halves = [
  { outcome: 'injected', title: 'role in the cache' },
  { outcome: 'no_role_annotation', title: 'no role: one live read for each review' },
] as const;

/** Returns the image, in SVG. Throws where nothing was measured at a rate. */
export function latencyChart({ paced, plan }: BenchResult): string {
  if (paced.length === 0) throw new Error('expected a run with a load generator that has a rate (wrk)');
  const spreads = paced.flatMap(({ figures }) => percentiles.map(({ name }) => figures[name]));
  const least = Math.min(...spreads.map(({ min }) => min));
  const scale = logScale(least, Math.max(...spreads.map(({ max }) => max)), plot);
  const title = `Time to the answer at ${plan.reviewsPerSecond.toLocaleString('en-US')} reviews a second`;
  return image(width, height, [
    label(plot.left, 28, title, { size: 17, anchor: 'start', isBold: true }),
    label(plot.left, 48, 'Medians of the rounds; the lines go from the least to the most of them. 7 KB a review.', {
      anchor: 'start',
    }),
    ...percentiles.flatMap(({ title: name, colour }, position) => {
      const x = plot.left + position * 80;
      return [bar([x, 62, 12, 12], colour), label(x + 18, 72, name, { anchor: 'start' })];
    }),
    label(20, (plot.top + plot.bottom) / 2, 'milliseconds, logarithmic', { rotate: -90 }),
    ...scale.ticks.map((tick) => label(plot.left - 8, scale.toY(tick) + 4, String(tick), { anchor: 'end' })),
    ...halves.flatMap((half, position) => {
      const halfWidth = (plot.right - plot.left - gap) / 2;
      const left = plot.left + position * (halfWidth + gap);
      const list = paced.filter(({ kind }) => kind.outcome === half.outcome);
      return drawHalf({ title: half.title, list, left, right: left + halfWidth, scale });
    }),
  ]);
}

type Half = {
  readonly title: string;
  readonly list: readonly SeriesResult[];
  readonly left: number;
  readonly right: number;
  readonly scale: Scale;
};

function drawHalf({ title, list, left, right, scale }: Half): string[] {
  const step = (right - left) / list.length;
  return [
    label((left + right) / 2, plot.top - 16, title, { size: 13, isBold: true }),
    ...scale.ticks.map((tick) => gridLine(left, right, scale.toY(tick))),
    ...list.flatMap((series, position) => {
      const middle = left + (position + 0.5) * step;
      const { server, kind } = series;
      const words = server === 'floor' ? ['floor', ''] : [kind.accounts.toLocaleString('en-US'), 'accounts'];
      return [
        ...drawSeries(series, middle, scale),
        ...words.map((word, line) => label(middle, plot.bottom + 22 + 18 * line, word)),
      ];
    }),
    axisLine([left, plot.bottom, right, plot.bottom]),
  ];
}

function drawSeries({ figures }: SeriesResult, middle: number, { toY }: Scale): string[] {
  return percentiles.flatMap(({ name, colour }, position) => {
    const { median, min, max } = figures[name];
    const x = middle + (position - 1) * 28;
    return [
      whisker(x, toY(min), toY(max), colour),
      dot(x, toY(median), colour),
      label(x, toY(max) - 7, short(median), { size: 10.5 }),
    ];
  });
}

/** Two or three digits, where there are not more before the point. */
function short(value: number): string {
  const [fine, middling] = [1, 10];
  if (value < fine) return value.toFixed(2);
  return value < middling ? value.toFixed(1) : value.toFixed(0);
}
