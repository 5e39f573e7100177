// Writes what is generated of the chart: npm run chart
import { writeFileSync } from 'node:fs';
import { generatedDocuments } from './documents.ts';

for (const [path, text] of await generatedDocuments()) writeFileSync(path, text);
