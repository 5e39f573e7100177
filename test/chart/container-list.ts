// Annotations that list containers, read by a regular expression (RE2): one CSV record, as src/identity/container-names.ts
// reads it. The names of containers are DNS labels, so that none of them needs an escape in a pattern or a field.

const field = `(?:"(?:[^"]|"")*"|[^",\\n]*)`;
const before = `^\\n*(?:${field},)*`;
/** Of what follows the record nothing is read; a carriage return at the very end counts for nothing. */
const after = `(?:,${field})*(?:\\n|\\r?$)`;

/** Returns the text of a list with the line ends that the patterns know. */
export function withLineFeeds(listText: string): string {
  return `${listText}.replace('\\r\\n', '\\n')`;
}

/** Returns whether a text is such a list at all. */
export function isList(listText: string): string {
  return `${listText}.matches(r'${before}${field}${after}')`;
}

/** Returns whether a text is such a list and has a container's name in it; `container` is its variable in CEL. */
export function lists(listText: string, container: string): string {
  const name = `${container}.name`;
  return `${listText}.matches(r'${before}(?:' + ${name} + '|"' + ${name} + r'")${after}')`;
}
