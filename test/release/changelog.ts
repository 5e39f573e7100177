/** The part of the changelog that belongs to one version. */

/**
 * Returns the text below the heading of `version` (`## [1.2.3] - 2026-01-31`, the form of Keep a Changelog), without the
 * heading; undefined where there is no such heading with a date, or nothing below it.
 */
export function changelogSection(changelog: string, version: string): string | undefined {
  const [, ...sections] = changelog.split(/^## /m);
  const section = sections.find((candidate) => candidate.startsWith(`[${version}] - `));
  const [heading = '', ...lines] = section?.split('\n') ?? [];
  const text = lines.join('\n').trim();
  return / - \d{4}-\d{2}-\d{2}$/.test(heading) && text !== '' ? text : undefined;
}
