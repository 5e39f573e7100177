// Where a panel stands in the picture, and the card that it stands on.
import { label } from '../../bench/plot/svg.ts';
import type { Panel } from '../dashboard.ts';

/** A place in pixels. */
export type Frame = { readonly left: number; readonly top: number; readonly width: number; readonly height: number };

/** Pixels of a cell of Grafana's grid, which has 24 columns. */
const cell = { width: 50, height: 26 };
const gap = 4;
const titleHeight = 24;

/** Returns where a panel stands, below a heading. */
export function frameOf({ gridPos }: Pick<Panel, 'gridPos'>, headingHeight: number): Frame {
  return {
    left: gridPos.x * cell.width + gap,
    top: headingHeight + gridPos.y * cell.height + gap,
    width: gridPos.w * cell.width - 2 * gap,
    height: gridPos.h * cell.height - 2 * gap,
  };
}

/** Returns a card with a title. */
export function card({ left, top, width, height }: Frame, title: string): string[] {
  const place = `x='${left}' y='${top}' width='${width}' height='${height}'`;
  return [
    `<rect ${place} rx='3' fill='#ffffff' stroke='#c9d0d8'/>`,
    label(left + 10, top + 18, title, { size: 13, anchor: 'start', isBold: true }),
  ];
}

/** Returns what a card leaves to its panel. */
export function insideOf({ left, top, width, height }: Frame): Frame {
  return { left: left + 8, top: top + titleHeight, width: width - 16, height: height - titleHeight - 6 };
}
