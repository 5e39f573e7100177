// Reads what values.yaml says of each value: its path, its default and its description, in the style of helm-docs.
import { isCollection, isMap, isScalar, type Node, parseDocument, type Pair, stringify } from 'yaml';

/** A value of the chart. */
export type ChartValue = {
  /** Keys from the top, as in `image.tag`. */
  readonly path: readonly string[];
  /** Its default, as JSON has it. */
  readonly default: unknown;
  /** What follows `# --` in the comment before it; undefined where there is none. */
  readonly description: string | undefined;
};

/**
 * Returns every value, in the order of the file: what has a description, and every scalar, list or empty map that has
 * none. A map with a description is one value, whatever is in it; the values of others are those of its keys.
 */
export function readChartValues(text: string): readonly ChartValue[] {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) throw error;
  return isMap(document.contents) ? valuesOf(document.contents.items, [], document.contents.commentBefore) : [];
}

function valuesOf(pairs: readonly Pair[], parent: readonly string[], firstComment?: string | null): ChartValue[] {
  return pairs.flatMap(({ key, value }, index) => {
    if (!isScalar(key)) throw new Error(`expected keys that are texts in ${parent.join('.')}`);
    const path = [...parent, String(key.value)];
    // The comment of a map's first key belongs to the map.
    const comment = index === 0 ? (firstComment ?? key.commentBefore) : key.commentBefore;
    const description = readDescription(comment ?? '');
    if (description === undefined && isMap(value) && value.items.length > 0) {
      return valuesOf(value.items, path, value.commentBefore);
    }
    return [{ path, default: toJson(value), description }];
  });
}

/** Lines before `--` are for who reads the file, not for who reads the table. */
function readDescription(comment: string): string | undefined {
  const text = /(?:^|\n) -- ([^]*)/.exec(comment)?.[1];
  return text
    ?.split('\n')
    .map((line) => line.trim())
    .join(' ');
}

function toJson(value: unknown): unknown {
  return isCollection(value) || isScalar(value) ? (value as Node & { toJSON: () => unknown }).toJSON() : value;
}

/** Returns the value as YAML on one line. */
export function onOneLine(value: unknown): string {
  return stringify(value, {
    collectionStyle: 'flow',
    lineWidth: 0,
    singleQuote: true,
    flowCollectionPadding: false,
  }).trim();
}
