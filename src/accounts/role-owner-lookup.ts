// Completes roles that accounts name without an ARN, once it is known whose roles they are.
import type { RoleOwner } from '../identity/compose-role-arn.ts';
import { completeIdentity, type Identity, isForLater } from '../identity/identity.ts';
import { whenAnswered } from './answered.ts';
import type { Answer, Lookup } from './lookup.ts';

/** What the lookup consists of. */
export type RoleOwnerOptions = {
  /** Answers with roles as the annotations have them (IdentityDefaults with `later`). */
  readonly accounts: Lookup;
  /** Where the roles are; undefined as long as nobody knows. Once known it stays the same. */
  readonly owner: () => RoleOwner | undefined;
  readonly annotationPrefix: string;
};

/**
 * Returns a lookup in which a role by its name has become an ARN. As long as nobody knows the owner such a role is a
 * fault: neither "no identity" nor an identity that cannot work. Roles with an ARN, and accounts without one, are
 * answered as ever.
 */
export function withRoleOwner({ accounts, owner, annotationPrefix }: RoleOwnerOptions): Lookup {
  // A source that keeps its identities gets the same one back each time.
  const completed = new WeakMap<Identity, Identity>();
  const complete = (identity: Identity, known: RoleOwner): Identity => {
    const kept = completed.get(identity);
    if (kept !== undefined) return kept;
    const made = completeIdentity(identity, known, annotationPrefix);
    completed.set(identity, made);
    return made;
  };
  return (account, deadline) =>
    whenAnswered(accounts(account, deadline), (answer): Answer => {
      if (answer.kind !== 'identity' || !isForLater(answer)) return answer;
      const known = owner();
      if (known !== undefined) return complete(answer, known);
      return {
        kind: 'fault',
        reason: 'lookup_failed',
        message:
          `service account ${account.namespace}/${account.name} names its role without an ARN, and the AWS account is ` +
          'not known: instance metadata has not told it yet; give --aws-account-id',
      };
    });
}
