// Draws a tree of calls as a flame graph: what is wide took long, and what stands on something was called by it.
import { bar, image, label } from '../plot/svg.ts';
import { owners } from './modules.ts';
import type { Call } from './profile.ts';

const width = 1200;
const rowHeight = 17;
const top = 64;
/** Pixels; what is narrower is left out. */
const leastWidth = 1.5;
/** Of a letter, on the average. */
const letterWidth = 5.6;

const colours: Readonly<Record<string, string>> = {
  [owners.ours]: '#f2a154',
  [owners.packages]: '#9ac48a',
  [owners.node]: '#c3ccd6',
};

/** Returns the image. */
export function flameGraph(root: Call, heading: string): string {
  const depth = depthOf(root, root.microseconds);
  const height = top + depth * rowHeight + 12;
  const parts = [
    label(12, 24, heading, { anchor: 'start', size: 15, isBold: true }),
    ...legend(),
    ...draw(root, { x: 0, level: 0, root, height }),
  ];
  return image(width, height, parts);
}

function legend(): string[] {
  return Object.entries(colours).flatMap(([owner, colour], index) => [
    bar([12 + index * 150, 36, 12, 12], colour),
    label(30 + index * 150, 46, owner, { anchor: 'start' }),
  ]);
}

type Place = { readonly x: number; readonly level: number; readonly root: Call; readonly height: number };

function draw(call: Call, { x, level, root, height }: Place): string[] {
  const wide = (call.microseconds / root.microseconds) * width;
  if (wide < leastWidth) return [];
  const y = height - 12 - (level + 1) * rowHeight;
  const letters = Math.floor((wide - 4) / letterWidth);
  const words = call.title.length <= letters ? call.title : `${call.title.slice(0, Math.max(letters - 1, 0))}…`;
  const own = [
    bar([x, y, Math.max(wide - 0.7, 0.5), rowHeight - 1], colours[call.owner] ?? '#ffffff'),
    ...(letters >= 4 ? [label(x + 2, y + 12, words, { anchor: 'start', size: 10 })] : []),
  ];
  let from = x;
  for (const callee of byTime(call)) {
    own.push(...draw(callee, { x: from, level: level + 1, root, height }));
    from += (callee.microseconds / root.microseconds) * width;
  }
  return own;
}

function byTime({ callees }: Call): Call[] {
  return [...callees.values()].toSorted((left, right) => right.microseconds - left.microseconds);
}

/** Of what is drawn. */
function depthOf(call: Call, whole: number): number {
  if ((call.microseconds / whole) * width < leastWidth) return 0;
  return 1 + Math.max(0, ...[...call.callees.values()].map((callee) => depthOf(callee, whole)));
}
