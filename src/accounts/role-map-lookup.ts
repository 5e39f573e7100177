// Asks the role map where an account itself names no role.
import { findInRoleMap, type RoleMap } from '../identity/role-map.ts';
import { whenAnswered } from './answered.ts';
import type { Answer, Lookup } from './lookup.ts';
import type { AccountRef } from '../identity/account-ref.ts';

/**
 * Returns a lookup that takes what the map says where the account has no role, has a blank one, or is not there at all
 * (the Go webhook's order: annotation > ConfigMap). As long as nobody knows the map (`undefined`), that is a fault and
 * not "no role"; so is a fault of the other lookup, since the account could have had a role.
 */
export function withRoleMap(lookup: Lookup, roleMap: () => RoleMap | undefined): Lookup {
  return (account, deadline) =>
    whenAnswered(lookup(account, deadline), (answer) =>
      answer.kind === 'none' ? askMap(roleMap(), account, answer) : answer,
    );
}

type NoRole = Extract<Answer, { kind: 'none' }>;

function askMap(roleMap: RoleMap | undefined, account: AccountRef, own: NoRole): Answer {
  if (roleMap !== undefined) {
    const promise = findInRoleMap(roleMap, account) ?? own;
    const options = own.preferences?.options;
    // What the account asks for beyond a role counts whoever names the role; the map has no words for it.
    return promise.kind === 'identity' && options !== undefined ? { ...promise, options } : promise;
  }
  return { kind: 'fault', reason: 'lookup_failed', message: 'the ConfigMap of roles has not been read yet' };
}
