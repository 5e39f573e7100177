// Turns what happened to a review into one log line and the metrics.
import { outcomeSentences } from '../admission/outcomes.ts';
import type { Log, LogFields } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { ReviewRouteOptions } from '../server/review-route.ts';
import { warnSeldom } from './seldom.ts';

/**
 * Returns the observers that the routes of the webhook call. No field of a log line holds more than a name. Anybody may
 * send calls that are refused, so that those of one code are logged once in ten seconds; the metrics count all of them.
 */
export function createReviewObserver(
  log: Log,
  metrics: Metrics,
  now: () => number,
): Pick<ReviewRouteOptions, 'onReview' | 'onRefusal' | 'onCall'> {
  const warnByCode = new Map<string, (fields: LogFields) => void>();
  const warnOf = (code: string): ((fields: LogFields) => void) => {
    const warn = warnByCode.get(code) ?? warnSeldom(log, now, 'call refused');
    warnByCode.set(code, warn);
    return warn;
  };
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
      warnOf(code)({ statusCode, code, reason: message });
    },
    onCall: metrics.countCall,
  };
}
