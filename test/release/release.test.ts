/** Tests what is checked before a release, and what its notes are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { asObject } from '../../src/identity/json.ts';
import { changelogSection } from './changelog.ts';
import { releaseFaults } from './release-faults.ts';

const changelog = `# Changelog

## [Unreleased]

### Added

- Something later.

## [1.2.3] - 2026-01-31

### Fixed

- Something.

## [1.2.2] - soon

- Not yet.

## [1.2.1] - 2026-01-01

## [1.2.0] - 2025-12-31

- The first.
`;

const image = 'ghcr.io/irsa-webhook/irsa-webhook';

const fitting = {
  packageVersion: '1.2.3',
  chartVersion: '1.2.3',
  chartAppVersion: '1.2.3',
  imageRepository: image,
  changelog,
};

describe('the section of the changelog', () => {
  const cases: readonly (readonly [name: string, version: string, section: string | undefined])[] = [
    ['ends where the next one begins', '1.2.3', '### Fixed\n\n- Something.'],
    ['may be the last one', '1.2.0', '- The first.'],
    ['is not that of a longer version', '1.2', undefined],
    ['needs a date', '1.2.2', undefined],
    ['needs text', '1.2.1', undefined],
    ['is not that of what is not released', 'Unreleased', undefined],
  ];
  for (const [name, version, section] of cases) {
    it(name, () => {
      assert.equal(changelogSection(changelog, version), section);
    });
  }
});

describe('a release', () => {
  it('is made where all fits the tag', () => {
    assert.deepEqual(releaseFaults(fitting, { tag: 'v1.2.3', image }), []);
  });

  const cases: readonly (readonly [name: string, files: Partial<typeof fitting>, fault: string])[] = [
    ['package.json', { packageVersion: '1.2.2' }, 'Expected version in package.json to be 1.2.3, got 1.2.2.'],
    ["the chart's version", { chartVersion: '1.2.4' }, 'Expected version in Chart.yaml to be 1.2.3, got 1.2.4.'],
    ['appVersion', { chartAppVersion: 'v1.2.3' }, 'Expected appVersion in Chart.yaml to be 1.2.3, got v1.2.3.'],
    [
      'the image of the chart',
      { imageRepository: 'ghcr.io/somebody/else' },
      `Expected image.repository in values.yaml to be ${image}, got ghcr.io/somebody/else.`,
    ],
    [
      'the changelog',
      { changelog: '# Changelog\n' },
      'Expected a section "## [1.2.3] - <date>" with text in CHANGELOG.md, found none.',
    ],
  ];
  for (const [name, files, fault] of cases) {
    it(`is not made where ${name} does not fit the tag`, () => {
      assert.deepEqual(releaseFaults({ ...fitting, ...files }, { tag: 'v1.2.3', image }), [fault]);
    });
  }

  for (const tag of ['', '1.2.3', 'v1.2', 'v1.2.3+4', 'v1.2.3 ']) {
    it(`is not made of the tag ${JSON.stringify(tag)}`, () => {
      assert.deepEqual(releaseFaults(fitting, { tag, image }), [
        `Expected a tag like v1.2.3 or v1.2.3-rc.1, got ${tag}.`,
      ]);
    });
  }
});

describe('the versions in this folder', () => {
  it('are the same in package.json and Chart.yaml', () => {
    const file = path.join(import.meta.dirname, '../../manifests/helm/irsa-webhook/Chart.yaml');
    const chart = asObject(parse(readFileSync(file, 'utf8')));
    const { version } = packageJson;
    assert.deepEqual([chart?.['version'], chart?.['appVersion']], [version, version]);
  });
});
