// The error of a role map that cannot be used, in one short printable sentence.
import { quote } from './warning.ts';

/** Longest part of a key that is shown; a key of Kubernetes' own names may be of 317 characters. */
const maxShownKeyLength = 80;

/** A role map that is refused as a whole. The message is one line of at most about 700 printable characters. */
export class RoleMapError extends Error {
  override readonly name = 'RoleMapError';
  readonly code = 'ERR_ROLE_MAP';
}

/** Returns the error for the entry under this key; `expected` and `got` must be printable already. */
export function entryError(key: string, expected: string, got: string): RoleMapError {
  return new RoleMapError(`expected ${expected} in entry ${quote(key, maxShownKeyLength)} of the role map, got ${got}`);
}
