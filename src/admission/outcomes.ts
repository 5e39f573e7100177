// The whole vocabulary of what can become of a review. The same word is metric label, audit annotation and log field.
import type { LookupFault, NoIdentityReason } from '../accounts/lookup.ts';
import type { InjectionOutcome } from '../injection/outcome.ts';

/** Why a review is none of ours to act on. */
export type NotOursOutcome =
  'operation_not_create' | 'kind_not_pod' | 'no_service_account' | 'opted_out_by_pod' | 'opted_out_by_namespace';

/** What became of a review of a service account. */
export type AccountOutcome = 'account_checked' | 'nothing_to_check';

/** Why a review got no answer. */
export type FaultOutcome = LookupFault['reason'] | 'pod_too_large' | 'internal_error';

/** How a review ended. Of a pod it names how that stands afterwards, not what this one call added. */
export type Outcome = InjectionOutcome | NoIdentityReason | NotOursOutcome | AccountOutcome | FaultOutcome;

/** Each outcome in one sentence, for people. */
export const outcomeSentences: Readonly<Record<Outcome, string>> = {
  injected: 'The pod has the identity that its service account promises.',
  all_containers_skipped: 'The annotations skip-containers and include-containers leave no container.',
  own_credentials: 'The containers set AWS_ROLE_ARN or AWS_WEB_IDENTITY_TOKEN_FILE themselves and keep theirs.',
  token_conflict: 'Something else stands where the token belongs, and in the second place for it too.',
  no_container_role:
    'The containers have no role in the container-roles annotation, and there is no role-arn for the others.',
  no_containers: 'The pod has no container that could get an identity.',
  no_token_volume: 'The pod runs without the token, so that containers which are added to it can get none.',
  malformed_pod: 'The review holds nothing of the form of a pod; the API server will say what is wrong.',
  no_role_annotation: 'The service account has no role-arn annotation.',
  blank_role_annotation: 'The role-arn annotation of the service account is blank.',
  blank_role_map_entry: 'The entry for the service account in the ConfigMap has no role.',
  service_account_not_found: 'There is no such service account.',
  no_service_account: 'The pod names no service account, as the mirror pod of a static pod.',
  opted_out_by_pod: 'The pod has the label or annotation skip-pod-identity-webhook.',
  opted_out_by_namespace: 'The namespace of the pod has the label or annotation skip-pod-identity-webhook.',
  operation_not_create: 'Only pods, and ephemeral containers, that are being created get an identity.',
  kind_not_pod: 'Only pods get an identity.',
  account_checked: 'The annotations of the service account were checked; a warning says what is wrong in them.',
  nothing_to_check: 'Only service accounts that are created or updated are checked.',
  lookup_failed:
    'The service account, or what else is needed, could not be read; the call fails and failurePolicy decides.',
  lookup_timeout:
    'The service account, or what else is needed, could not be read in time; the call fails and failurePolicy decides.',
  pod_too_large: 'The pod has thousands of containers; the call fails and failurePolicy decides.',
  internal_error: 'A fault of this program; the call fails and failurePolicy decides.',
};
