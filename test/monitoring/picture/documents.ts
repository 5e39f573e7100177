// What the documents hold of the dashboard: the figures, and the picture that follows from them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../program.ts';
import { readDashboard } from '../dashboard.ts';
import type { PictureData } from './data.ts';
import { drawDashboard } from './draw.ts';

const folder = join(projectFolder, 'docs', 'monitoring');
const dataPath = join(folder, 'dashboard-data.json');

/** The picture in the documents. */
export const picturePath = join(folder, 'dashboard.svg');

/** Returns the figures that the picture shows. */
export function publishedData(): PictureData {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file that publish() wrote
  return JSON.parse(readFileSync(dataPath, 'utf8')) as PictureData;
}

/** Keeps figures. */
export function keepData(data: PictureData): void {
  const panels = data.panels.map((panel) => JSON.stringify(panel)).join(',\n    ');
  const { start, stepSeconds, steps } = data;
  const times = JSON.stringify({ start, stepSeconds, steps }).slice(1, -1);
  writeFileSync(dataPath, `{ ${times},\n  "panels": [\n    ${panels}\n  ]\n}\n`);
}

/** Draws the picture of the figures that are kept. */
export function publish(): void {
  writeFileSync(picturePath, drawDashboard(readDashboard(), publishedData()));
}
