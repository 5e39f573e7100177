// Tables as text and in Markdown.

/** A table. Cells that hold figures stand on the right. */
export type Table = {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** How many columns, from the left, hold words. */
  readonly wordColumns: number;
};

/** Returns the table in aligned columns. */
export function textTable({ title, head, rows, wordColumns }: Table): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column < wordColumns ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return `${[title, line(head), rule, ...rows.map(line)].join('\n')}\n`;
}

/** Returns the table under a heading of the third level. */
export function markdownTable({ title, head, rows, wordColumns }: Table): string {
  const rule = head.map((_, column) => (column < wordColumns ? '---' : '--:')).join('|');
  return [`### ${title}`, '', markdownRow(head), `|${rule}|`, ...rows.map(markdownRow)].join('\n');
}

function markdownRow(row: readonly string[]): string {
  return `| ${row.join(' | ')} |`;
}
