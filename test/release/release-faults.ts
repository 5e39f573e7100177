/** What must agree before a version is released. */
import { changelogSection } from './changelog.ts';

/** What the files of the project say. */
export type ReleaseFiles = {
  readonly packageVersion: string | undefined;
  readonly chartVersion: string | undefined;
  readonly chartAppVersion: string | undefined;
  /** The image that the chart runs. */
  readonly imageRepository: string | undefined;
  readonly changelog: string;
};

/** What is about to be released. */
export type Release = {
  /** The git tag, for example `v1.2.3`. */
  readonly tag: string;
  /** Where the image is pushed to; undefined where nobody pushes. */
  readonly image: string | undefined;
};

/** Returns a sentence for each thing that does not fit the tag; none means that it can be released. */
export function releaseFaults(files: ReleaseFiles, { tag, image }: Release): string[] {
  if (!/^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(tag))
    return [`Expected a tag like v1.2.3 or v1.2.3-rc.1, got ${tag}.`];
  const version = tag.slice(1);
  const expected: readonly (readonly [place: string, got: string | undefined, want: string])[] = [
    ['version in package.json', files.packageVersion, version],
    ['version in Chart.yaml', files.chartVersion, version],
    ['appVersion in Chart.yaml', files.chartAppVersion, version],
    ['image.repository in values.yaml', files.imageRepository, image ?? files.imageRepository ?? ''],
  ];
  const faults = expected
    .filter(([, got, want]) => got !== want)
    .map(([place, got, want]) => `Expected ${place} to be ${want}, got ${got ?? 'none'}.`);
  if (changelogSection(files.changelog, version) !== undefined) return faults;
  return [...faults, `Expected a section "## [${version}] - <date>" with text in CHANGELOG.md, found none.`];
}
