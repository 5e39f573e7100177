// The only change that is ever asked for: RFC 6902 `add`.

/** One RFC 6902 operation. Nothing but `add`, so that nothing of the pod's can be replaced or removed. */
export type AddOperation = {
  readonly op: 'add';
  readonly path: string;
  readonly value: unknown;
};

/** Returns the RFC 6901 pointer to a place; `~` and `/` in a segment are escaped. */
export function pointer(...segments: readonly (string | number)[]): string {
  let path = '';
  for (const segment of segments) path += `/${typeof segment === 'number' ? String(segment) : escapeSegment(segment)}`;
  return path;
}

function escapeSegment(segment: string): string {
  return /[~/]/.test(segment) ? segment.replaceAll('~', '~0').replaceAll('/', '~1') : segment;
}

/**
 * Returns operations that append each value to the array at `path`, one operation a value. With `exists` false the
 * first one makes the array.
 */
export function append(path: string, exists: boolean, values: readonly unknown[]): AddOperation[] {
  return values.map((value, index) =>
    exists || index > 0 ? { op: 'add', path: `${path}/-`, value } : { op: 'add', path, value: [value] },
  );
}

/** As {@link append}, but for one value at the front of the array. */
export function prepend(path: string, exists: boolean, value: unknown): AddOperation {
  return exists ? { op: 'add', path: `${path}/0`, value } : { op: 'add', path, value: [value] };
}
