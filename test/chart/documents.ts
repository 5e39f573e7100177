// What is generated of the chart: each file, and the text that it must have.
import { join } from 'node:path';
import { format } from 'prettier';
import { chartFolder, chartSchema, chartValues } from './chart.ts';
import { describeSchema } from './schema.ts';

/** Returns the texts of all generated files by their paths. */
export async function generatedDocuments(): Promise<ReadonlyMap<string, string>> {
  return new Map([[join(chartFolder, 'values.schema.json'), await schemaText()]]);
}

async function schemaText(): Promise<string> {
  return format(JSON.stringify(describeSchema(chartSchema(), chartValues())), { parser: 'json', printWidth: 120 });
}
