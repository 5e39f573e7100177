// The names of role sessions: what STS takes, and how any text becomes one.
import { hash32 } from './hash.ts';

/** Characters of a session name (STS API, AssumeRoleWithWebIdentity, RoleSessionName). */
const maxLength = 64;
const form = /^[\w+=,.@-]{2,64}$/;

/** Returns whether STS takes the text as the name of a session. */
export function isRoleSessionName(text: string): boolean {
  return form.test(text);
}

/**
 * Returns the text as the name of a session. One that STS takes stays; in any other the wrong characters become `-`, what
 * is too long is cut, and a hash of the whole tells it from others that are cut alike. The same text always gives the same
 * name: some services (MSK) drop clients whose session changes its name.
 */
export function toRoleSessionName(text: string): string {
  if (isRoleSessionName(text)) return text;
  const hash = hash32(text).toString(16).padStart(8, '0');
  const kept = text.slice(0, maxLength - hash.length - 1).replace(/[^\w+=,.@-]/g, '-');
  return `${kept}-${hash}`;
}
