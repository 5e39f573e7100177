// A panel that shows the last value, large, in the colour of its threshold.
import { label } from '../../bench/plot/svg.ts';
import type { Panel } from '../dashboard.ts';
import type { Line } from './data.ts';
import type { Frame } from './frame.ts';
import { multipleFor, shortFigure } from './units.ts';

/** Grafana's names of colours. */
const colours: Readonly<Record<string, string>> = { green: '#2e8b57', orange: '#d97a1f', red: '#b3263e' };
const size = 30;

/** Returns what is inside the frame of such a panel. */
export function statPanel(panel: Panel, lines: readonly Line[], { left, top, width, height }: Frame): string[] {
  const value = lines[0]?.values.findLast((each) => each !== null);
  const { text, colour } = value === undefined ? { text: 'no data', colour: 'red' } : shown(panel, value);
  return [
    label(left + width / 2, top + height / 2 + size / 2, text, {
      size,
      isBold: true,
      colour: colours[colour] ?? colour,
    }),
  ];
}

function shown({ fieldConfig }: Panel, value: number): { text: string; colour: string } {
  const { unit = '', thresholds, mappings = [] } = fieldConfig?.defaults ?? {};
  for (const { options } of mappings) {
    const mapped = options[String(value)];
    if (mapped !== undefined) return { text: mapped.text, colour: mapped.color };
  }
  const step = thresholds?.steps.findLast(({ value: from }) => from === null || value >= from);
  const { divisor, suffix } = multipleFor(unit, value);
  return { text: `${shortFigure(value / divisor)}${suffix}`, colour: step?.color ?? 'green' };
}
