// Finds out, once, that service accounts can be read at all: until then a replica is not ready.
import type { Transport } from '../kubernetes/transport.ts';
import { describeResponse } from './live-read.ts';

/** What the first read needs. */
export type FirstReadOptions = {
  readonly api: Pick<Transport, 'get'>;
  /** Waits between two tries; ends early, without rejecting, when the signal is aborted. */
  readonly wait: (delayMs: number, signal: AbortSignal) => Promise<void>;
  /** Told each time why it failed. */
  readonly onFailure: (message: string) => void;
  readonly signal: AbortSignal;
};

/** Longest that one try may take. */
const tryTimeoutMs = 5_000;
/** Pauses between tries double up to the second of these. */
const firstDelayMs = 250;
const maxDelayMs = 5_000;

/** Resolves with true when the API server has shown an account, or a list without any; with false when given up. */
export async function waitForFirstRead(options: FirstReadOptions): Promise<boolean> {
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(2 * delayMs, maxDelayMs)) {
    const failure = await tryRead(options);
    if (failure === undefined) return true;
    if (options.signal.aborted) return false;
    options.onFailure(failure);
    await options.wait(delayMs, options.signal);
  }
}

async function tryRead({ api, signal }: FirstReadOptions): Promise<string | undefined> {
  try {
    const response = await api.get('/api/v1/serviceaccounts?limit=1', { timeoutMs: tryTimeoutMs, signal });
    return response.status === 200 ? undefined : describeResponse(response);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
