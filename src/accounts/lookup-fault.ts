// Says why an account could not be read.
import type { AccountRef } from '../identity/account-ref.ts';
import type { LookupFault } from './lookup.ts';

/**
 * Returns the fault of a lookup. `message` is for whoever creates the pod: what goes wrong on the way names addresses
 * that are nothing to them, and belongs into `detail`, which the log gets.
 */
export function lookupFault(
  reason: LookupFault['reason'],
  { namespace, name }: AccountRef,
  message: string,
  more: Pick<LookupFault, 'detail' | 'retryAfterSeconds'> = {},
): LookupFault {
  return { kind: 'fault', reason, message: `cannot read service account ${namespace}/${name}: ${message}`, ...more };
}
