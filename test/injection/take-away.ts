// Undoes additions, to show that they were additions.
import assert from 'node:assert/strict';
import { asArray, asObject } from '../../src/identity/json.ts';
import type { AddOperation } from '../../src/injection/operations.ts';

/** Returns the pod without what the operations added, last one first. A list that was null, which counts as absent, becomes null again. */
export function takeAway(applied: unknown, operations: readonly AddOperation[], original: unknown): unknown {
  const pod: unknown = structuredClone(applied);
  for (const { path } of operations.toReversed()) {
    const { parent, key } = placeOf(pod, path);
    assert.ok(typeof parent === 'object' && parent !== null);
    if (Array.isArray(parent)) parent.splice(key === '-' ? -1 : Number(key), 1);
    else if (asObject(placeOf(original, path).parent)?.[key] === null) Reflect.set(parent, key, null);
    else Reflect.deleteProperty(parent, key);
  }
  return pod;
}

/** Walks a pointer (RFC 6901) up to its last segment. */
export function placeOf(pod: unknown, path: string): { parent: unknown; key: string } {
  const segments = path
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = segments.pop() ?? '';
  const parent = segments.reduce(step, pod);
  return { parent, key };
}

function step(value: unknown, segment: string): unknown {
  return asArray(value)?.[Number(segment)] ?? asObject(value)?.[segment];
}
