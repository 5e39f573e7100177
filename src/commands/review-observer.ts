// Turns what happened to a review into one log line and the metrics.
import { outcomeSentences } from '../admission/outcomes.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { ReviewRouteOptions } from '../server/review-route.ts';

/** Returns the observers that the routes of the webhook call. No field of a log line holds more than a name. */
export function createReviewObserver(
  log: Log,
  metrics: Metrics,
): Pick<ReviewRouteOptions, 'onReview' | 'onRefusal' | 'onCall'> {
  return {
    onReview: ({ request, names, outcome, credentials, roleArn, operations, warnings, durationMs, fault }) => {
      metrics.countReview({ outcome, durationMs, credentials });
      log[fault === undefined ? 'info' : 'error'](
        {
          uid: request.uid,
          namespace: request.namespace,
          pod: names.pod,
          account: names.account,
          outcome,
          credentials,
          role: roleArn,
          operations,
          warnings,
          dryRun: request.dryRun || undefined,
          ms: Math.round(durationMs * 1000) / 1000,
          fault,
        },
        'review',
      );
      log.debug({ uid: request.uid, why: outcomeSentences[outcome] }, 'why');
    },
    onRefusal: ({ statusCode, code, message }) => {
      log.warn({ statusCode, code, reason: message }, 'call refused');
    },
    onCall: metrics.countCall,
  };
}
