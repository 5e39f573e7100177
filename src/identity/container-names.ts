// Reads a list of container names in an annotation: one CSV record, as Go's encoding/csv reads it.

/** Characters; the API allows no more for all annotations of an object together (256 KiB). */
const maxLength = 256 * 1024;

/**
 * Returns the container names in the first record of the text, or undefined where it is malformed (a quote inside
 * an unquoted field, text after a closing quote, an open quote) or longer than an annotation can be.
 *
 * The rules are those of Go's `csv.Reader.Read` with its defaults, which the Go webhook uses: empty lines before the
 * record are passed over, nothing is trimmed, "" in a quoted field is a quote, a quoted field may go on over lines,
 * CR LF counts as LF and a CR at the very end is dropped.
 */
export function parseContainerNames(text: string): ReadonlySet<string> | undefined {
  if (text.length > maxLength) return undefined;
  const lines = text.replaceAll('\r\n', '\n').replace(/\r$/, '').replace(/^\n+/, '');
  const names = new Set<string>();
  if (lines === '') return names;
  let position = 0;
  for (;;) {
    const field = lines[position] === '"' ? readQuoted(lines, position + 1) : readBare(lines, position);
    if (field === undefined) return undefined;
    names.add(field.name);
    if (lines[field.end] !== ',') return names;
    position = field.end + 1;
  }
}

type Field = {
  readonly name: string;
  /** Index of what ends the field: a comma, a newline or the end. */ readonly end: number;
};

function readBare(lines: string, start: number): Field | undefined {
  const length = lines.slice(start).search(/[,\n]/);
  const end = length === -1 ? lines.length : start + length;
  const name = lines.slice(start, end);
  return name.includes('"') ? undefined : { name, end };
}

function readQuoted(lines: string, start: number): Field | undefined {
  let name = '';
  let position = start;
  for (;;) {
    const quote = lines.indexOf('"', position);
    if (quote === -1) return undefined;
    name += lines.slice(position, quote);
    const next = lines[quote + 1];
    if (next === undefined || next === ',' || next === '\n') return { name, end: quote + 1 };
    if (next !== '"') return undefined;
    name += '"';
    position = quote + 2;
  }
}
