// The chart's files, as its tests and its generator read them.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { asObject, type JsonObject } from '../../src/identity/json.ts';
import { projectFolder } from '../program.ts';
import { type ChartValue, readChartValues } from './values-comments.ts';

export const chartFolder = join(projectFolder, 'manifests', 'helm', 'irsa-webhook');

/** Returns the text of a file of the chart. */
export function readChartFile(...path: readonly string[]): string {
  return readFileSync(join(chartFolder, ...path), 'utf8');
}

/** Returns every value of values.yaml, in its order. */
export function chartValues(): readonly ChartValue[] {
  return readChartValues(readChartFile('values.yaml'));
}

/** Returns the schema of the values. */
export function chartSchema(): JsonObject {
  return asObject(JSON.parse(readChartFile('values.schema.json'))) ?? {};
}

/** Returns what Chart.yaml says. */
export function chartMetadata(): JsonObject {
  return asObject(parse(readChartFile('Chart.yaml'))) ?? {};
}

/** Returns the names of the presets, without `.yaml`, in alphabetical order. */
export function presetNames(): readonly string[] {
  return readdirSync(join(chartFolder, 'presets'))
    .map((file) => basename(file, '.yaml'))
    .toSorted();
}

/** Returns the path of the values of a preset. */
export function presetPath(name: string): string {
  return join(chartFolder, 'presets', `${name}.yaml`);
}
