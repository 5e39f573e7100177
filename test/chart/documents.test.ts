// Holds what is generated of the chart to what it is generated from.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { asArray, asObject, asString } from '../../src/identity/json.ts';
import { projectFolder } from '../program.ts';
import { chartMetadata, chartValues, presetNames, readChartFile } from './chart.ts';
import { generatedDocuments, snapshotsFolder } from './documents.ts';
import { nameOf, parseObjects, theOne } from './helm.ts';

/** Returns the conditions for the webhook's own pods, without the namespace. */
function ownPodConditions(text: string): string[] {
  return [...text.matchAll(/!\(request\.namespace == '[^']+' &&[^)]+\)[^)]+\)/g)].map(([condition]) =>
    condition.replaceAll(/\s+/g, ' ').replace(/== '(?:irsa-webhook|identity)'/, ''),
  );
}

describe('the documents of the chart', function () {
  this.timeout(60_000);

  it('are what npm run chart writes: README, schema, snapshots, install.yaml, kustomization.yaml', async () => {
    const documents = await generatedDocuments();
    for (const [path, text] of documents) {
      const name = relative(projectFolder, path);
      assert.ok(existsSync(path), `${name} is missing: npm run chart`);
      assert.equal(readFileSync(path, 'utf8'), text, `${name}: npm run chart`);
    }
    const snapshots = readdirSync(snapshotsFolder).map((file) => join(snapshotsFolder, file));
    assert.deepEqual(
      snapshots.filter((path) => !documents.has(path)),
      [],
      'snapshots of nothing: npm run chart',
    );
  });

  it('have every preset in the README', () => {
    const rows = [...readChartFile('README.md').matchAll(/^\| \[([a-z-]+)\]\(presets\/([a-z-]+)\.yaml\)/gm)];
    assert.deepEqual(rows.map(([, name]) => name ?? '').toSorted(), presetNames());
    for (const [, name, file] of rows) assert.equal(name, file);
  });

  it('name the image of the values, in the version of the program', () => {
    const { version } = asObject(JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8'))) ?? {};
    const metadata = chartMetadata();
    assert.equal(metadata['appVersion'], version);
    const repository = chartValues().find(({ path }) => path.join('.') === 'image.repository')?.default;
    const annotations = asObject(metadata['annotations']);
    const [images] = parseObjects(`images:\n${asString(annotations?.['artifacthub.io/images']) ?? ''}`);
    const names = asArray(images?.['images'])?.map((image) => asObject(image)?.['image']);
    assert.deepEqual(names, [`${String(repository)}:${String(version)}`]);
  });

  it('have an install.yaml in which nothing says that helm keeps it', () => {
    const text = readFileSync(join(projectFolder, 'manifests', 'install.yaml'), 'utf8');
    assert.doesNotMatch(text, /helm\.sh|managed-by|Helm\b/);
    const objects = parseObjects(text);
    assert.equal(nameOf(theOne(objects, 'Namespace')), 'irsa-webhook');
    assert.ok(objects.length > 8);
  });

  it('have an overlay whose names are those of the base', () => {
    const path = join(projectFolder, 'docs', 'kustomize', 'kustomization.yaml');
    const overlay = parseObjects(readFileSync(path, 'utf8'))[0] ?? assert.fail();
    const base = parseObjects(readFileSync(join(projectFolder, 'manifests', 'install.yaml'), 'utf8'));
    const named = [...(asArray(overlay['replicas']) ?? []), ...targetsOf(overlay)].map(
      (entry) => asObject(entry)?.['name'],
    );
    assert.deepEqual(
      named,
      Array.from({ length: 4 }, () => 'irsa-webhook'),
    );
    // In the other namespace.
    const ofBase = ownPodConditions(readFileSync(join(projectFolder, 'manifests', 'install.yaml'), 'utf8'));
    assert.equal(ofBase.length, 3);
    assert.deepEqual(ownPodConditions(readFileSync(path, 'utf8')), ofBase);
    const image = asString(asObject(asArray(overlay['images'])?.[0])?.['name']) ?? '';
    assert.ok(JSON.stringify(theOne(base, 'Deployment', 'irsa-webhook')).includes(`"image":"${image}:`));
    for (const resource of asArray(overlay['resources']) ?? []) {
      assert.ok(existsSync(join(path, '..', String(resource), 'kustomization.yaml')));
    }
  });
});

function targetsOf(overlay: Readonly<Record<string, unknown>>): readonly unknown[] {
  return (asArray(overlay['patches']) ?? []).map((patch) => asObject(patch)?.['target']);
}
