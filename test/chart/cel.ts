// Writes parts of CEL expressions.

/** Returns a text as a literal. */
export function text(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`;
}

/** Returns a list of texts. */
export function list(values: Iterable<string>): string {
  return `[${[...values].map(text).join(', ')}]`;
}

/** Returns an expression of several lines. */
export function lines(...parts: readonly string[]): string {
  return parts.join('\n');
}
