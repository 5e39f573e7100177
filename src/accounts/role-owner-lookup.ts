// Completes roles that accounts name without an ARN, once it is known whose roles they are.
import type { RoleOwner } from '../identity/compose-role-arn.ts';
import type { Identity } from '../identity/identity.ts';
import { whenAnswered } from './answered.ts';
import type { Answer, Lookup } from './lookup.ts';

/** What the lookup consists of. */
export type RoleOwnerOptions = {
  /** Answers by IdentityDefaults with the owner `later`. */
  readonly accounts: Lookup;
  /** Where the roles are; undefined as long as nobody knows. Once known it stays the same. */
  readonly owner: () => RoleOwner | undefined;
};

/**
 * Returns a lookup in which a role by its name has become an ARN. As long as nobody knows the owner such a role is a
 * fault: neither "no identity" nor an identity that cannot work. Roles with an ARN, and accounts without one, are
 * answered as ever.
 */
export function withRoleOwner({ accounts, owner }: RoleOwnerOptions): Lookup {
  // A source that keeps its identities gets the same one back each time.
  const completed = new WeakMap<Identity, Answer>();
  return (account, deadline) =>
    whenAnswered(accounts(account, deadline), (answer): Answer => {
      if (answer.kind !== 'identity' || answer.withOwner === undefined) return answer;
      const known = owner();
      if (known === undefined) {
        return {
          kind: 'fault',
          reason: 'lookup_failed',
          message:
            `service account ${account.namespace}/${account.name} names a role without an ARN, and the AWS account is ` +
            'not known: instance metadata has not told it yet; give --aws-account-id',
        };
      }
      const complete = completed.get(answer) ?? answer.withOwner(known);
      completed.set(answer, complete);
      return complete;
    });
}
