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
      answer.kind === 'none' ? (askMap(roleMap(), account) ?? answer) : answer,
    );
}

function askMap(roleMap: RoleMap | undefined, account: AccountRef): Answer | undefined {
  if (roleMap !== undefined) return findInRoleMap(roleMap, account);
  return { kind: 'fault', reason: 'lookup_failed', message: 'the ConfigMap of roles has not been read yet' };
}
