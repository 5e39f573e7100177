// Finds out from instance metadata whose roles are meant: once before the ports open, then for as long as it takes.
import { defaultMetadataEndpoint, type InstanceIdentity, readInstanceIdentity } from '../accounts/instance-metadata.ts';
import type { RoleOwner } from '../identity/compose-role-arn.ts';
import { type BackoffOptions, createBackoff } from '../kubernetes/backoff.ts';
import type { Log } from '../observability/log.ts';

/** What finding the owner needs. */
export type FollowRoleOwnerOptions = BackoffOptions & {
  /** Read for AWS_EC2_METADATA_SERVICE_ENDPOINT and AWS_EC2_METADATA_DISABLED, which every AWS SDK knows. */
  readonly environment: { readonly [name: string]: string | undefined };
  readonly ownerOf: (identity: InstanceIdentity) => RoleOwner;
  /** Waits between two tries; ends early, without rejecting, when the signal is aborted. */
  readonly wait: (delayMs: number, signal: AbortSignal) => Promise<void>;
  readonly log: Pick<Log, 'info' | 'warn'>;
};

/** An owner that is being looked for. */
export type RoleOwnerSource = {
  /** Undefined as long as nobody knows; once known it stays. */
  readonly owner: () => RoleOwner | undefined;
  /** Resolves, never rejects, when the service was asked once: at most two seconds after the start. */
  readonly firstTry: Promise<void>;
  /** Ends the search. */
  readonly close: () => void;
};

/**
 * Starts to ask, and goes on until the owner is known: a node whose metadata service is late must not end the process (as
 * it does the Go webhook's, main.go), nor must it be asked all the time. Each new reason of a failure is one warning.
 */
export function followRoleOwner(options: FollowRoleOwnerOptions): RoleOwnerSource {
  const { environment, log } = options;
  const closed = new AbortController();
  const { promise: firstTry, resolve: endFirstTry } = Promise.withResolvers<void>();
  let owner: RoleOwner | undefined;
  let told = '';

  /** Returns whether the owner is known now. */
  const tryOnce = async (): Promise<boolean> => {
    const endpoint = environment['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || defaultMetadataEndpoint;
    try {
      owner = options.ownerOf(await readInstanceIdentity(endpoint, closed.signal));
      log.info({ accountId: owner.accountId, partition: owner.partition }, 'AWS account known from instance metadata');
      return true;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!closed.signal.aborted && message !== told) {
        log.warn({ error: message }, 'AWS account not known; roles without an ARN fail until it is');
      }
      told = message;
      return false;
    }
  };
  const search = async (): Promise<void> => {
    const backoff = createBackoff(options);
    let isKnown = await tryOnce();
    endFirstTry();
    while (!isKnown && !closed.signal.aborted) {
      await options.wait(backoff.afterFailure(0), closed.signal);
      isKnown = await tryOnce();
    }
  };

  if (environment['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') {
    log.warn({}, 'AWS account not known: AWS_EC2_METADATA_DISABLED forbids to ask; give --aws-account-id');
    endFirstTry();
  } else {
    void search();
  }
  return {
    owner: () => owner,
    firstTry,
    close: () => {
      closed.abort();
    },
  };
}
