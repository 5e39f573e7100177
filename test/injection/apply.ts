// Applies operations to a pod as the API server does.
import jsonpatch from 'fast-json-patch';
import type { AddOperation } from '../../src/injection/operations.ts';

/** Returns the pod with the operations applied; neither of them is changed. Throws where one cannot be applied. */
export function applyOperations(pod: unknown, operations: readonly AddOperation[]): unknown {
  // The library puts the values themselves into the pod, so that a later operation would append to an earlier one.
  return jsonpatch.applyPatch(pod, structuredClone([...operations]), true, false).newDocument;
}
