// Reads fields of JSON that strangers wrote: a wrong type is answered with undefined, never with a throw.

/** A JSON object whose fields are yet to be looked at. */
export type JsonObject = { readonly [key: string]: unknown };

/** Returns the value as an object, or undefined when it is anything else (null and arrays too). */
export function asObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** Returns the value as an array, or undefined when it is anything else. */
export function asArray(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? (value as readonly unknown[]) : undefined;
}

/** Returns the value as a string, or undefined when it is anything else. */
export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
