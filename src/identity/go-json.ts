// JSON as Go's encoding/json reads it into a struct, and what a value of it is called.

/** Returns what a value of JSON is, in words for a message. */
export function kindOfJson(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/**
 * Returns the name as Go's encoding/json compares names of fields: letters in any case. Two letters outside ASCII fold
 * into it (Unicode's simple case folding, as Go's `foldName`): the long s, and the sign of the kelvin.
 */
export function foldFieldName(name: string): string {
  return name.toLowerCase().replaceAll('\u017f', 's');
}
