// Annotations that list containers, read in CEL: one CSV record, as src/identity/container-names.ts reads it. The names of
// containers are DNS labels, so that a field which means one is that name, in quotes or without.

const quoted = `"(?:[^"]|"")*"`;
const bare = `[^",\\n]`;
const field = `(?:${quoted}|${bare}*)`;
/** It begins behind empty lines; a list without one is an empty list. Of what follows it nothing is read. */
const record = `^\\n*(?:$|(?:(?:${quoted}|${bare}+)(?:,${field})*|(?:,${field})+)\\n)`;

/** Returns a list's text with the line ends that the patterns know, one of them at its end. */
export function withLineFeeds(list: string): string {
  return `(${list} + '\\n').replace('\\r\\n', '\\n')`;
}

/** Returns whether such a text is a list at all. */
export function isList(list: string): string {
  return `${list}.matches(r'${record}')`;
}

/** Returns the names in such a text: none where it is malformed, and some that are nobody's. */
export function namesIn(list: string): string {
  const fields = `${list}.find(r'${record}')\n    .findAll(r'${quoted}|${bare}+')`;
  return `${fields}\n    .map(f, f.matches(r'^"[^"]*"$') ? f.replace('"', '') : f)`;
}
