// What is generated of the chart: each file, and the text that it must have.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { projectFolder } from '../program.ts';
import { chartFolder, chartSchema, chartValues, readChartFile } from './chart.ts';
import type { JsonObject } from '../../src/identity/json.ts';
import { parseObjects, renderText } from './helm.ts';
import { installManifest, kustomization } from './install-manifest.ts';
import { snapshotRenderings } from './renderings.ts';
import { describeSchema } from './schema.ts';
import { valuesTable } from './values-table.ts';

export const snapshotsFolder = join(import.meta.dirname, 'snapshots');

/** Returns the objects of a snapshot; that it is what the chart renders is tested elsewhere. */
export function snapshotObjects(name: string): readonly JsonObject[] {
  return parseObjects(readFileSync(join(snapshotsFolder, `${name}.yaml`), 'utf8'));
}

/** Returns the texts of all generated files by their paths. */
export async function generatedDocuments(): Promise<ReadonlyMap<string, string>> {
  const snapshots = [...snapshotRenderings()].map(
    ([name, rendering]) => [join(snapshotsFolder, `${name}.yaml`), renderText(rendering)] as const,
  );
  return new Map([
    [join(chartFolder, 'values.schema.json'), await schemaText()],
    [join(chartFolder, 'README.md'), readmeText()],
    [join(projectFolder, 'manifests', 'install.yaml'), installManifest()],
    [join(projectFolder, 'manifests', 'kustomization.yaml'), kustomization],
    ...snapshots,
  ]);
}

async function schemaText(): Promise<string> {
  return format(JSON.stringify(describeSchema(chartSchema(), chartValues())), { parser: 'json', printWidth: 120 });
}

/** The README around the table is written by hand. */
function readmeText(): string {
  const table = valuesTable(chartValues(), chartSchema());
  return readChartFile('README.md').replace(/(?<=<!-- values -->\n\n)[^]*?(?=<!-- \/values -->)/, () => `${table}\n\n`);
}
