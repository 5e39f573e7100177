// Writes what is generated of the chart, and takes snapshots away that are no longer made: npm run chart
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedDocuments, snapshotsFolder } from './documents.ts';

const documents = await generatedDocuments();
mkdirSync(snapshotsFolder, { recursive: true });
for (const file of readdirSync(snapshotsFolder)) {
  if (!documents.has(join(snapshotsFolder, file))) rmSync(join(snapshotsFolder, file));
}
for (const [path, text] of documents) writeFileSync(path, text);
