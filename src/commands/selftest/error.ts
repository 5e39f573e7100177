// The one error of the self-test.

/** Why the self-test did not come to "injected"; callers switch on this and never on a message. */
export type SelftestErrorCode =
  /** There is no such service account. */
  | 'ERR_SELFTEST_ACCOUNT_MISSING'
  /** Its annotations name no role. */
  | 'ERR_SELFTEST_NO_ROLE'
  /** Its annotations leave no container that could get the role. */
  | 'ERR_SELFTEST_OPTED_OUT'
  /** It could not be read. */
  | 'ERR_SELFTEST_ACCOUNT_UNREADABLE'
  /** The API server did not take the pod. */
  | 'ERR_SELFTEST_REFUSED'
  /** No answer to the pod, or none of the form of a pod. */
  | 'ERR_SELFTEST_NO_ANSWER'
  /** The pod came back as it was sent. */
  | 'ERR_SELFTEST_NOT_INJECTED'
  /** The pod came back with another identity than the account promises, or with a part of it. */
  | 'ERR_SELFTEST_OTHER_IDENTITY'
  /** A signal ended it. */
  | 'ERR_SELFTEST_STOPPED';

/** What went wrong, where, and what to do; the message may have several lines and holds no token. Exit status 1. */
export class SelftestError extends Error {
  override readonly name = 'SelftestError';
  readonly code: SelftestErrorCode;

  constructor(code: SelftestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
