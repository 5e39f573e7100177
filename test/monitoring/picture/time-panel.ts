// A panel that shows series over time: axes with units, lines or areas on each other, and a legend.
import { linearScale, type Scale } from '../../bench/plot/scale.ts';
import { bar, gridLine, label } from '../../bench/plot/svg.ts';
import type { Panel } from '../dashboard.ts';
import type { Line, PictureData } from './data.ts';
import type { Frame } from './frame.ts';
import { multipleFor, shortFigure } from './units.ts';

const palette = [
  '#2e7d46',
  '#1c64a8',
  '#d97a1f',
  '#9b2c3c',
  '#6b4fa0',
  '#c99700',
  '#2a8f82',
  '#8a949e',
  '#b0478b',
  '#5d7a00',
];
/** About that, of a letter of the legend. */
const letterWidth = 5.6;
const legend = { size: 10.5, lineHeight: 15, most: 4 };
const axis = { left: 62, bottom: 18, size: 10.5 };
/** More would lie on each other. */
const mostTicks = 6;
const timeTicks = 5;

type Plot = Frame & { readonly scale: Scale };

/** Returns what is inside the frame of such a panel. */
export function timePanel(panel: Panel, lines: readonly Line[], frame: Frame, times: PictureData): string[] {
  const { unit = '', max, custom } = panel.fieldConfig?.defaults ?? {};
  const isStacked = custom?.stacking.mode === 'normal';
  const tops = isStacked ? stack(lines) : lines.map(({ values }) => values);
  const most = max ?? Math.max(0, ...tops.flat().filter((value) => value !== null));
  const multiple = multipleFor(unit, most);
  const names = legendLines(lines, frame.width);
  const height = frame.height - axis.bottom - names.length * legend.lineHeight;
  const box = { left: frame.left + axis.left, top: frame.top + 4, width: frame.width - axis.left - 8, height };
  // A panel of nothing but zeros has an axis all the same.
  const end = most === 0 ? 1 : most / multiple.divisor;
  const plot: Plot = { ...box, scale: linearScale(end, { top: box.top, bottom: box.top + height - 4 }) };
  const drawn = tops.map((values) => values.map((value) => (value === null ? null : value / multiple.divisor)));
  return [
    ...drawAxes(plot, multiple.suffix, times),
    ...drawn
      .map((values, index) => drawSeries(values, plot, { isStacked, colour: colourOf(index), isStep: isStep(panel) }))
      .toReversed(),
    ...drawLegend(names, { ...frame, top: box.top + height + axis.bottom }),
  ];
}

function isStep({ fieldConfig }: Panel): boolean {
  return fieldConfig?.defaults.custom?.lineInterpolation === 'stepAfter';
}

function colourOf(index: number): string {
  return palette[index % palette.length] ?? '';
}

/** Each series on those before it; where it has no value it adds nothing. */
function stack(lines: readonly Line[]): (number | null)[][] {
  const sums: number[] = [];
  return lines.map(({ values }) =>
    values.map((value, time) => {
      sums[time] = (sums[time] ?? 0) + (value ?? 0);
      return sums[time];
    }),
  );
}

function drawAxes({ scale, left, top, width, height }: Plot, suffix: string, times: PictureData): string[] {
  const every = Math.ceil(scale.ticks.length / mostTicks);
  const shown = scale.ticks.filter((_, index) => index % every === 0);
  return [
    ...shown.flatMap((tick) => [
      gridLine(left, left + width, scale.toY(tick)),
      label(left - 6, scale.toY(tick) + 4, `${shortFigure(tick)}${suffix}`, { anchor: 'end', size: axis.size }),
    ]),
    ...Array.from({ length: timeTicks }, (_, index) => {
      const share = index / (timeTicks - 1);
      const seconds = times.start + share * times.stepSeconds * (times.steps - 1);
      const words = new Date(seconds * 1000).toISOString().slice('yyyy-mm-ddT'.length, 'yyyy-mm-ddThh:mm:ss'.length);
      const anchor = index === 0 ? 'start' : index === timeTicks - 1 ? 'end' : 'middle';
      return label(left + share * width, top + height + 12, words, { size: axis.size, anchor });
    }),
  ];
}

type Stroke = { readonly isStacked: boolean; readonly isStep: boolean; readonly colour: string };

/** A gap in the values is one in the line. */
function drawSeries(
  values: readonly (number | null)[],
  plot: Plot,
  { isStacked, isStep: hasSteps, colour }: Stroke,
): string {
  const step = plot.width / Math.max(1, values.length - 1);
  const floor = plot.scale.toY(0);
  const pieces = piecesOf(values).map((piece) => {
    const points = withoutMiddles(
      piece.map(([index, value]) => ({ x: plot.left + index * step, y: plot.scale.toY(value) })),
    );
    const first = points[0]?.x ?? 0;
    const last = points.at(-1)?.x ?? 0;
    const path = points
      .map(({ x, y }, index) =>
        index === 0 ? `M${at(x)} ${at(y)}` : `${hasSteps ? `H${at(x)}V` : `L${at(x)} `}${at(y)}`,
      )
      .join('');
    const area = `<path d='${path}L${at(last)} ${at(floor)}L${at(first)} ${at(floor)}Z' fill='${colour}' fill-opacity='${isStacked ? '1' : '0.07'}'/>`;
    return `${area}<path d='${path}' fill='none' stroke='${colour}' stroke-width='1.4'/>`;
  });
  return pieces.join('');
}

function piecesOf(values: readonly (number | null)[]): (readonly [index: number, value: number])[][] {
  const pieces: (readonly [number, number])[][] = [[]];
  for (const [index, value] of values.entries()) {
    if (value === null) pieces.push([]);
    else pieces.at(-1)?.push([index, value]);
  }
  return pieces.filter((piece) => piece.length > 0);
}

type Point = { readonly x: number; readonly y: number };

/** What lies between two points of the same height is on their line. */
function withoutMiddles(points: readonly Point[]): Point[] {
  return points.filter(({ y }, index) => y !== points[index - 1]?.y || y !== points[index + 1]?.y);
}

function at(pixels: number): string {
  return String(Math.round(pixels * 10) / 10);
}

type LegendEntry = { readonly name: string; readonly colour: string; readonly x: number };

/** Breaks the legend into lines; what does not fit in the last one is told by its count. */
function legendLines(lines: readonly Line[], width: number): LegendEntry[][] {
  const rows: LegendEntry[][] = [[]];
  let x = 0;
  for (const [index, { name }] of lines.entries()) {
    const entryWidth = 14 + name.length * letterWidth + 12;
    if (x + entryWidth > width && x > 0) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1)?.push({ name, colour: colourOf(index), x });
    x += entryWidth;
  }
  return rows.slice(0, legend.most);
}

function drawLegend(rows: readonly LegendEntry[][], { left, top }: Frame): string[] {
  return rows.flatMap((row, index) =>
    row.flatMap(({ name, colour, x }) => {
      const y = top + index * legend.lineHeight;
      return [
        bar([left + x, y + 5, 10, 4], colour),
        label(left + x + 14, y + 11, name, { anchor: 'start', size: legend.size }),
      ];
    }),
  );
}
