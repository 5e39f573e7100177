// The schema of the chart's values: what it says of each value, and the descriptions of values.yaml put into it.
import { asObject, type JsonObject } from '../../src/identity/json.ts';
import type { ChartValue } from './values-comments.ts';

/** Returns what the schema says of the value at the path; undefined where it does not know it. */
export function findInSchema(schema: JsonObject, path: readonly string[]): JsonObject | undefined {
  let found: JsonObject | undefined = schema;
  for (const key of path) found = asObject(asObject(found?.['properties'])?.[key]);
  return found;
}

/**
 * Returns the schema in which each value that it knows is described as values.yaml does it: there is one place to write
 * that. What else it describes stays.
 */
export function describeSchema(schema: JsonObject, values: readonly ChartValue[]): JsonObject {
  const descriptions = new Map(values.map(({ path, description }) => [path.join('.'), description]));
  return describePart(schema, [], descriptions);
}

function describePart(
  schema: JsonObject,
  path: readonly string[],
  descriptions: ReadonlyMap<string, string | undefined>,
): JsonObject {
  const description = descriptions.get(path.join('.'));
  const properties = asObject(schema['properties']);
  return {
    ...schema,
    ...(description !== undefined && { description }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, part]) => [
          key,
          describePart(asObject(part) ?? {}, [...path, key], descriptions),
        ]),
      ),
    }),
  };
}

/** A part of the schema, and where it stands: `*` is any key, `[]` any entry of a list. */
export type SchemaPart = { readonly path: readonly string[]; readonly schema: JsonObject };

/** Returns every part of the schema that is about a value or an entry of it, the whole first. */
export function partsOf(schema: JsonObject, path: readonly string[] = []): readonly SchemaPart[] {
  const properties = Object.entries(asObject(schema['properties']) ?? {});
  const others = Object.values(asObject(schema['patternProperties']) ?? {}).map((part) => ['*', part] as const);
  const entries = [
    ...properties,
    ...others,
    ['*', schema['additionalProperties']] as const,
    ['[]', schema['items']] as const,
  ];
  const inner = entries.flatMap(([key, entry]) => {
    const part = asObject(entry);
    return part === undefined ? [] : partsOf(part, [...path, key]);
  });
  return [{ path, schema }, ...inner];
}
