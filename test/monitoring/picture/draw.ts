// The picture of a whole dashboard, from its own file and figures that its queries gave.
import { image, label } from '../../bench/plot/svg.ts';
import type { Dashboard, Panel } from '../dashboard.ts';
import { isDrawn, type PictureData } from './data.ts';
import { card, frameOf, insideOf } from './frame.ts';
import { statPanel } from './stat-panel.ts';
import { timePanel } from './time-panel.ts';

const width = 1200;
const headingHeight = 40;

/** Returns the picture, in SVG. */
export function drawDashboard({ title, panels }: Dashboard, data: PictureData): string {
  const height = Math.max(...panels.map((panel) => bottomOf(panel)));
  return image(width, height + 8, [
    // A ground of its own, so that it can be read on a dark page as on a light one.
    `<rect width='${width}' height='${height + 8}' fill='#eef1f4'/>`,
    label(12, 27, title, { size: 19, anchor: 'start', isBold: true }),
    label(width - 12, 27, `${new Date(data.start * 1000).toISOString().slice(0, 10)}, UTC`, { anchor: 'end' }),
    ...panels.flatMap((panel) => drawPanel(panel, data)),
  ]);
}

function bottomOf(panel: Panel): number {
  const { top, height } = frameOf(panel, headingHeight);
  return top + height;
}

function drawPanel(panel: Panel, data: PictureData): string[] {
  const frame = frameOf(panel, headingHeight);
  if (!isDrawn(panel)) {
    return [label(frame.left + 6, frame.top + 15, panel.title, { size: 14, anchor: 'start', isBold: true })];
  }
  const lines = data.panels.find(({ id }) => id === panel.id)?.lines ?? [];
  const inside = insideOf(frame);
  return [
    ...card(frame, panel.title),
    ...(panel.type === 'stat' ? statPanel(panel, lines, inside) : timePanel(panel, lines, inside, data)),
  ];
}
