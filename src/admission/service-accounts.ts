// Checks a service account when it is written: whoever writes it reads what its pods would be warned of.
import { type IdentityDefaults, parseIdentity } from '../identity/identity.ts';
import { asObject, asString } from '../identity/json.ts';
import { type AnsweredDecision, type ReviewedNames, untouched } from './decision.ts';
import type { ReviewRequest } from './review.ts';

/**
 * Returns the function that decides reviews of service accounts: each is allowed as it is, with the warnings that a pod
 * of it would bring. What the pod itself, its namespace or the ConfigMap of roles adds to that is not known here.
 */
export function createServiceAccountReview(defaults: IdentityDefaults): (request: ReviewRequest) => AnsweredDecision {
  return (request) => {
    const account = asObject(request.object);
    if (account === undefined || !writesServiceAccount(request)) return untouched('nothing_to_check');
    const { warnings } = parseIdentity(asObject(asObject(account['metadata'])?.['annotations']), defaults);
    return { ...untouched('account_checked'), warnings };
  };
}

/** A review that does not name an operation or a kind is judged by its object, as in the review of pods. */
function writesServiceAccount({ operation, kind, subResource }: ReviewRequest): boolean {
  const isWritten = operation === undefined || operation === 'CREATE' || operation === 'UPDATE';
  return isWritten && (kind === undefined || kind === '/v1/ServiceAccount') && subResource === '';
}

/** Returns the names for the log. An account may have only the beginning of its name yet. */
export function accountNames(account: unknown): ReviewedNames {
  const metadata = asObject(asObject(account)?.['metadata']);
  return { pod: undefined, account: asString(metadata?.['name']) ?? asString(metadata?.['generateName']) };
}
