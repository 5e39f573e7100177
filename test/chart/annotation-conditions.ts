// What annotations and labels of pods, accounts and namespaces come down to in CEL.
import { annotationNames } from '../../src/identity/annotations.ts';
import { goTrue } from '../../src/identity/go-literals.ts';
import { list, text } from './cel.ts';

/** The chart puts the prefix of annotations in its place. */
const prefix = 'ANNOTATION_PREFIX';

/** Returns the key of an annotation or label as a literal. */
export function keyOf(name: string): string {
  return text(`${prefix}/${name}`);
}

/** Returns the optional text of an annotation; `owner` is an object's variable in CEL. */
export function annotationOf(owner: string, name: string): string {
  return `${owner}.metadata.?annotations[?${keyOf(name)}]`;
}

/** Returns whether an account has a role. What a ConfigMap gives, and roles of single containers, no policy can read. */
export function namesRole(owner: string): string {
  return `${annotationOf(owner, annotationNames.roleArn)}.orValue('').trim() != ''`;
}

/** Returns the texts of the annotation that opt out: none, or one of Go's words for true (src/identity/opt-out.ts). */
export function optOutWords(): string {
  return list(['', ...goTrue]);
}

/** Returns whether an object opts out by its annotation. */
export function optsOut(owner: string): string {
  return `${annotationOf(owner, annotationNames.skipPodIdentityWebhook)}.orValue('none') in ${optOutWords()}`;
}
