// Pieces of an SVG image, dark on white.

/** How words stand; in the middle of their place, 12 pixels high and upright by default. */
export type LabelStyle = {
  readonly size?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly isBold?: boolean;
  /** That of axes by default. */
  readonly colour?: string;
  /** Degrees, clockwise. */
  readonly rotate?: number;
};

/** The colour of axes and words. */
export const ink = '#1f2933';

const gridColour = '#d9dee4';
const font = "font-family='Helvetica, Arial, sans-serif'";

/** Returns an image of some pixels. */
export function image(width: number, height: number, parts: readonly string[]): string {
  const size = `width='${width}' height='${height}' viewBox='0 0 ${width} ${height}'`;
  const ground = `<rect width='${width}' height='${height}' fill='#ffffff'/>`;
  return [`<svg xmlns='http://www.w3.org/2000/svg' ${size} ${font}>`, ground, ...parts, '</svg>', ''].join('\n');
}

/** Returns words. */
export function label(x: number, y: number, words: string, style: LabelStyle = {}): string {
  const { size = 12, anchor = 'middle', isBold = false, rotate = 0, colour = ink } = style;
  const weight = isBold ? " font-weight='bold'" : '';
  const turn = rotate === 0 ? '' : ` transform='rotate(${rotate} ${round(x)} ${round(y)})'`;
  const place = `x='${round(x)}' y='${round(y)}'${turn}`;
  return `<text ${place} font-size='${size}' fill='${colour}' text-anchor='${anchor}'${weight}>${escape(words)}</text>`;
}

/** Returns a bar from its left upper corner. */
export function bar([x, y, width, height]: readonly [number, number, number, number], colour: string): string {
  const size = `width='${round(width)}' height='${round(height)}'`;
  return `<rect x='${round(x)}' y='${round(y)}' ${size} fill='${colour}'/>`;
}

/** Returns a point. */
export function dot(x: number, y: number, colour: string): string {
  return `<circle cx='${round(x)}' cy='${round(y)}' r='4.5' fill='${colour}'/>`;
}

/** Returns a line of the grid, from left to right. */
export function gridLine(x1: number, x2: number, y: number): string {
  return stroke([x1, y, x2, y], gridColour, 1);
}

/** Returns a line of an axis. */
export function axisLine(ends: readonly [number, number, number, number]): string {
  return stroke(ends, ink, 1);
}

/** Returns a line from the least to the most of some rounds, with a foot at each end. */
export function whisker(x: number, y1: number, y2: number, colour: string = ink): string {
  const foot = 3;
  return [
    stroke([x, y1, x, y2], colour, 1.5),
    stroke([x - foot, y1, x + foot, y1], colour, 1.5),
    stroke([x - foot, y2, x + foot, y2], colour, 1.5),
  ].join('\n');
}

function stroke([x1, y1, x2, y2]: readonly [number, number, number, number], colour: string, width: number): string {
  const ends = `x1='${round(x1)}' y1='${round(y1)}' x2='${round(x2)}' y2='${round(y2)}'`;
  return `<line ${ends} stroke='${colour}' stroke-width='${width}'/>`;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
