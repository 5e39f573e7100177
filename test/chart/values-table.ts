// The table of values in the chart's README.
import { findInSchema } from './schema.ts';
import type { JsonObject } from '../../src/identity/json.ts';
import { type ChartValue, onOneLine } from './values-comments.ts';

/** Returns the table in Markdown: each value with its type, by the schema, its default and its description. */
export function valuesTable(values: readonly ChartValue[], schema: JsonObject): string {
  const rows = values.map(({ path, default: value, description = '' }) => {
    const type = typeOf(findInSchema(schema, path));
    return `| \`${path.join('.')}\` | ${type} | \`${onOneLine(value)}\` | ${escapeCell(description)} |`;
  });
  return ['| value | type | default | what it does |', '|---|---|---|---|', ...rows].join('\n');
}

function typeOf(schema: JsonObject | undefined): string {
  const type = schema?.['type'];
  if (Array.isArray(type)) return type.join(' or ');
  if (typeof type === 'string') return type;
  const choices = schema?.['enum'];
  return Array.isArray(choices) ? choices.map((choice) => escapeCell(onOneLine(choice))).join(', ') : '';
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
