/** Prints the changelog's section of a tag, or, where something does not fit the tag, says what and ends in exit code 1. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { asObject, asString } from '../../src/identity/json.ts';
import { changelogSection } from './changelog.ts';
import type { ReleaseFiles } from './release-faults.ts';
import { releaseFaults } from './release-faults.ts';

const projectFolder = path.join(import.meta.dirname, '..', '..');

function readText(file: string): string {
  return readFileSync(path.join(projectFolder, file), 'utf8');
}

function readFiles(): ReleaseFiles {
  // JSON is YAML.
  const read = (file: string) => asObject(parse(readText(file)));
  const chart = read('manifests/helm/irsa-webhook/Chart.yaml');
  const values = read('manifests/helm/irsa-webhook/values.yaml');
  return {
    packageVersion: asString(read('package.json')?.['version']),
    chartVersion: asString(chart?.['version']),
    chartAppVersion: asString(chart?.['appVersion']),
    imageRepository: asString(asObject(values?.['image'])?.['repository']),
    changelog: readText('CHANGELOG.md'),
  };
}

const [tag = '', image] = process.argv.slice(2);
const files = readFiles();
const faults = releaseFaults(files, { tag, image });
if (faults.length === 0) process.stdout.write(`${changelogSection(files.changelog, tag.slice(1)) ?? ''}\n`);
else {
  process.stderr.write(`${faults.join('\n')}\n`);
  process.exitCode = 1;
}
