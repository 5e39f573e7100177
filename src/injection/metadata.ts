// Labels and annotations that a pod gets.
import { asObject, type JsonObject } from '../identity/json.ts';
import { type AddOperation, pointer } from './operations.ts';

/** What one field of a pod's metadata shall have. */
export type MetadataEntries = {
  readonly field: 'labels' | 'annotations';
  readonly entries: Readonly<Record<string, string>>;
};

/**
 * Returns the operations that give a pod labels or annotations, over other values of theirs, or undefined where there is
 * no metadata to hold them. What is there already is not added again.
 */
export function addMetadata(
  pod: JsonObject | undefined,
  { field, entries }: MetadataEntries,
): readonly AddOperation[] | undefined {
  const wanted = Object.entries(entries);
  if (wanted.length === 0) return [];
  const metadata = asObject(pod?.['metadata']);
  if (metadata === undefined) return undefined;
  const present = metadata[field];
  if (present === undefined || present === null) {
    return [{ op: 'add', path: pointer('metadata', field), value: entries }];
  }
  const own = asObject(present);
  return (
    own &&
    wanted
      .filter(([name, value]) => own[name] !== value)
      .map(([name, value]) => ({ op: 'add', path: pointer('metadata', field, name), value }))
  );
}
