// Reads the account, sends the pod and looks at what comes back, again and again until it is right or the time is over.
import type { Lookup, LookupFault } from '../../accounts/lookup.ts';
import { outcomeSentences } from '../../admission/outcomes.ts';
import type { Identity } from '../../identity/identity.ts';
import type { JsonObject } from '../../identity/json.ts';
import { printable } from '../../identity/warning.ts';
import type { InjectionSettings } from '../../injection/settings.ts';
import { parseApiObject } from '../../kubernetes/objects.ts';
import type { ApiResponse } from '../../kubernetes/transport.ts';
import { checkPod } from './check.ts';
import { SelftestError } from './error.ts';
import { createSelftestPod } from './pod.ts';
import { type Patience, refusalOf } from './refusal.ts';
import { faultOf, type JudgedPod } from './report.ts';
import { readWarnings } from './warnings.ts';

/** What a run needs. */
export type SelftestOptions = {
  readonly namespace: string;
  readonly serviceAccountName: string;
  readonly image: string;
  readonly settings: InjectionSettings;
  /** Until this long after the start a pod that is not right is sent again. */
  readonly timeoutMs: number;
  readonly lookup: Lookup;
  /** Sends a pod for a dry run in the namespace; rejects where no answer came. */
  readonly createPod: (pod: JsonObject, timeoutMs: number) => Promise<ApiResponse>;
  /** Milliseconds on the clock of deadlines. */
  readonly now: () => number;
  readonly wait: (delayMs: number, signal: AbortSignal) => Promise<void>;
  readonly stop: AbortSignal;
  /** Told one line where it takes longer. */
  readonly onProgress: (line: string) => void;
};

/** Between two tries: an install takes seconds to be served, and a dry run is cheap. */
const intervalMs = 1_000;
/** RBAC follows a new binding by a watch; the authorizer of the API server lags it by well under a second. */
const shortPatienceMs = 5_000;
/** Nobody waits longer without a sign. */
const firstProgressMs = 2_000;
const progressIntervalMs = 10_000;

/** What a try came to. */
type Try = { readonly pod?: JudgedPod; readonly error?: SelftestError; readonly patience: Patience };

/**
 * Returns the last pod that came back, with the error where that is not as it should be. Rejects with a
 * {@link SelftestError} where none came back.
 */
export async function runSelftest(
  options: SelftestOptions,
): Promise<{ readonly pod: JudgedPod; readonly error: SelftestError | undefined }> {
  const { now, wait, stop, timeoutMs } = options;
  const startMs = now();
  const tellProgress = createProgress(options, startMs);
  for (;;) {
    const { pod, error, patience } = await tryOnce(options, startMs + timeoutMs);
    if (stop.aborted) throw new SelftestError('ERR_SELFTEST_STOPPED', 'the self-test was stopped by a signal');
    if (pod !== undefined && error === undefined) return { pod, error };
    const elapsedMs = now() - startMs;
    const limitMs = { none: 0, short: Math.min(shortPatienceMs, timeoutMs), long: timeoutMs }[patience];
    if (elapsedMs + intervalMs >= limitMs) {
      if (pod !== undefined) return { pod, error };
      throw error ?? new SelftestError('ERR_SELFTEST_NO_ANSWER', 'no pod came back');
    }
    if (error !== undefined) tellProgress(error);
    await wait(intervalMs, stop);
  }
}

async function tryOnce(options: SelftestOptions, deadlineMs: number): Promise<Try> {
  const { namespace, serviceAccountName, lookup, stop, settings, image } = options;
  const deadline = { atMs: deadlineMs, callerGone: () => stop };
  const answer = await lookup({ namespace, name: serviceAccountName }, deadline);
  if (answer.kind === 'fault') return unreadable(answer);
  if (answer.kind !== 'identity') return noRole(answer.kind === 'none' ? answer.reason : 'no_role_annotation', options);
  const sent = createSelftestPod({ serviceAccountName, image, identity: answer, settings });
  if (typeof sent === 'string') {
    const message = `pods of ${namespace}/${serviceAccountName} get no role: ${outcomeSentences[sent]} Choose another --service-account`;
    return { error: new SelftestError('ERR_SELFTEST_OPTED_OUT', message), patience: 'none' };
  }
  return send(sent, answer, options, deadlineMs);
}

function noRole(reason: keyof typeof outcomeSentences, options: SelftestOptions): Try {
  const { namespace, serviceAccountName, settings } = options;
  const annotation = `${settings.annotationPrefix}/role-arn`;
  if (reason === 'service_account_not_found') {
    const message =
      `there is no service account ${namespace}/${serviceAccountName}: create it with the annotation ${annotation}, or ` +
      'name another one by --namespace and --service-account';
    return { error: new SelftestError('ERR_SELFTEST_ACCOUNT_MISSING', message), patience: 'none' };
  }
  const message =
    `${outcomeSentences[reason]} It is ${namespace}/${serviceAccountName}, the annotation ${annotation} (--annotation-prefix): ` +
    'give it a role, or name another account by --service-account; roles of a ConfigMap do not count here';
  return { error: new SelftestError('ERR_SELFTEST_NO_ROLE', message), patience: 'none' };
}

/** What the API server would not let us read it says in the message; else nobody could ask it. */
function unreadable({ reason, message, detail, retryAfterSeconds }: LookupFault): Try {
  const isRefused = reason === 'lookup_failed' && detail === undefined && retryAfterSeconds === undefined;
  const more = isRefused
    ? '. The account that runs the self-test needs the rights of manifests/rbac-selftest.yaml in that namespace'
    : detail === undefined
      ? ''
      : `. ${detail}`;
  const error = new SelftestError('ERR_SELFTEST_ACCOUNT_UNREADABLE', `${printable(message, maxMessageLength)}${more}`);
  return { error, patience: isRefused ? 'short' : 'long' };
}

const maxMessageLength = 500;

async function send(sent: JsonObject, identity: Identity, options: SelftestOptions, deadlineMs: number): Promise<Try> {
  const { namespace, serviceAccountName, settings, createPod, now } = options;
  const title = `dry-run pod of ${namespace}/${serviceAccountName}`;
  let response: ApiResponse;
  try {
    response = await createPod(sent, Math.max(1, Math.ceil(deadlineMs - now())));
  } catch (cause) {
    return noAnswer(title, cause);
  }
  if (response.status !== 201) return refusalOf(response, title);
  const answered = parseApiObject(response.body);
  if (answered?.['kind'] !== 'Pod') return noAnswer(title, new Error('expected a pod in JSON, got something else'));
  const check = checkPod({ sent, answered, namespace, identity, settings });
  const warnings = readWarnings(response.headers['warning']);
  const pod: JudgedPod = { namespace, serviceAccountName, identity, check, warnings };
  const error = faultOf(pod);
  return { pod, patience: 'long', ...(error && { error }) };
}

function noAnswer(title: string, cause: unknown): Try {
  const message = cause instanceof Error ? cause.message : String(cause);
  const error = new SelftestError('ERR_SELFTEST_NO_ANSWER', `no answer to the ${title}: ${message}`, { cause });
  return { error, patience: 'long' };
}

/** Returns a function that tells why it takes longer: when that changes, and else seldom. */
function createProgress(
  { now, timeoutMs, onProgress }: SelftestOptions,
  startMs: number,
): (error: SelftestError) => void {
  let told = '';
  let dueMs = startMs + firstProgressMs;
  return (error) => {
    const nowMs = now();
    const [line = ''] = error.message.split('\n', 1);
    if (nowMs < dueMs && (line === told || told === '')) return;
    told = line;
    dueMs = nowMs + progressIntervalMs;
    onProgress(`not yet, ${seconds(nowMs - startMs)} of ${seconds(timeoutMs)} s: ${line}`);
  };
}

function seconds(ms: number): string {
  return String(Math.round(ms / 1000));
}
