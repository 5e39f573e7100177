// Writes the chart's files of conditions anew: `npm run chart:conditions`, after a change of annotations or variables.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { conditionsFiles, conditionsFolder } from './conditions-files.ts';

await mkdir(conditionsFolder, { recursive: true });
for (const [name, text] of conditionsFiles()) await writeFile(path.join(conditionsFolder, name), text);
