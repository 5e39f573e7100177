// The one port through which a review asks what a service account promises.
import type { AccountRef } from '../identity/account-ref.ts';
import type { ContainerCredentials, Identity, NoIdentity, NoRoleReason } from '../identity/identity.ts';
import type { NoRoleInMapReason } from '../identity/role-map-entry.ts';
import type { EndSignal } from '../kubernetes/end-signal.ts';

/** Why there is no identity, though the question was answered. */
export type NoIdentityReason = NoRoleReason | NoRoleInMapReason | 'service_account_not_found';

/** The question could not be answered, and that is our fault: never to be taken for "no identity". */
export type LookupFault = {
  readonly kind: 'fault';
  readonly reason: 'lookup_failed' | 'lookup_timeout';
  /** For whoever creates the pod: one sentence, no secret, no address. */
  readonly message: string;
  /** For the log, where there is more to say. */
  readonly detail?: string;
  /** Set where the same question may well be answered this much later. */
  readonly retryAfterSeconds?: number;
};

/** What a service account promises. */
export type Answer = Identity | ContainerCredentials | NoIdentity<NoIdentityReason> | LookupFault;

/** When an answer is of no more use. */
export type Deadline = {
  /** The moment, in milliseconds on the clock of `performance.now()`. */
  readonly atMs: number;
  /** Aborted when the caller has gone before that. For who has to wait: it may be aborted at once, where too many do. */
  readonly callerGone: () => EndSignal;
};

/**
 * Answers what an account promises. A source that has the answer at hand gives it at once, without a promise; one that
 * must ask gives a promise that never rejects and is kept by the deadline.
 */
export type Lookup = (account: AccountRef, deadline: Deadline) => Answer | Promise<Answer>;
