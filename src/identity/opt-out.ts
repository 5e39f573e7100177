// Tells whether a pod, or a whole namespace, asks to be left alone.
import { annotationNames } from './annotations.ts';
import { parseBool } from './go-literals.ts';
import { asObject, asString, type JsonObject } from './json.ts';
import { annotationWarning } from './warning.ts';

/** Whether something opts out and, where its annotation is wrong, the warning about that. */
export type OptOut = { readonly optedOut: boolean; readonly warning?: string };

/** Whose metadata it is, and the prefix of label and annotation. */
export type OptOutOwner = { readonly owner: 'pod' | 'namespace'; readonly annotationPrefix: string };

/**
 * Returns whether the metadata of an object opts it out. The label does by being there, whatever its value, as in the
 * objectSelector of the Go webhook's manifest (`DoesNotExist`). The annotation of that name does where it is empty or
 * one of Go's words for true; with one of those for false it does not; with anything else neither, and a warning says so.
 */
export function readOptOut(metadata: JsonObject | undefined, { owner, annotationPrefix }: OptOutOwner): OptOut {
  const name = annotationNames.skipPodIdentityWebhook;
  const key = `${annotationPrefix}/${name}`;
  if (asString(asObject(metadata?.['labels'])?.[key]) !== undefined) return { optedOut: true };
  const found = asString(asObject(metadata?.['annotations'])?.[key]);
  if (found === undefined) return { optedOut: false };
  const optedOut = found === '' ? true : parseBool(found);
  if (optedOut !== undefined) return { optedOut };
  const fault = { owner, annotationPrefix, name, found };
  const warning = annotationWarning({ ...fault, problem: 'is not a boolean', consequence: 'it does not opt out' });
  return { optedOut: false, warning };
}
