// Labels that a pod gets.
import { asObject, type JsonObject } from '../identity/json.ts';
import { type AddOperation, pointer } from './operations.ts';

/**
 * Returns the operations that give a pod labels, over other values of theirs, or undefined where there is no metadata to
 * hold them. Labels that are there already are not added again.
 */
export function addLabels(
  pod: JsonObject | undefined,
  labels: Readonly<Record<string, string>>,
): readonly AddOperation[] | undefined {
  const missing = Object.entries(labels);
  if (missing.length === 0) return [];
  const metadata = asObject(pod?.['metadata']);
  if (metadata === undefined) return undefined;
  const present = metadata['labels'];
  if (present === undefined || present === null)
    return [{ op: 'add', path: pointer('metadata', 'labels'), value: labels }];
  const own = asObject(present);
  return (
    own &&
    missing
      .filter(([name, value]) => own[name] !== value)
      .map(([name, value]) => ({ op: 'add', path: pointer('metadata', 'labels', name), value }))
  );
}
