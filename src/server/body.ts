// Reads the body of a call: bounded in size and in time.
import type { IncomingMessage } from 'node:http';

/** Bytes: two objects of at most 3 MiB (the API server's limit for one) and 1 MiB for what surrounds them, as controller-runtime. */
export const maxBodyBytes = 7 * 1024 * 1024;

/** Why there is no body. */
export type BodyErrorCode = 'ERR_BODY_TOO_LARGE' | 'ERR_BODY_BUDGET' | 'ERR_BODY_TIMEOUT' | 'ERR_BODY_ABORTED';

/** The body could not be read whole. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly code: BodyErrorCode;

  constructor(code: BodyErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Bytes that all bodies together may take while they are being read: nine of the largest, thousands of usual ones. */
const maxBytesInFlight = 64 * 1024 * 1024;

/** Counts the bytes of bodies that are being read. */
export type BodyBudget = {
  /** Returns whether so many more bytes may be held, and counts them if so. */
  readonly take: (bytes: number) => boolean;
  readonly giveBack: (bytes: number) => void;
};

/** Creates a budget for the bodies of one port. */
export function createBodyBudget(maxBytes = maxBytesInFlight): BodyBudget {
  let held = 0;
  return {
    take: (bytes) => {
      if (held + bytes > maxBytes) return false;
      held += bytes;
      return true;
    },
    giveBack: (bytes) => {
      held -= bytes;
    },
  };
}

/** What bounds the reading of one body. */
export type BodyLimits = { readonly timeoutMs: number; readonly budget: BodyBudget };

/**
 * Calls back once with the whole body, or with a {@link BodyError} when it is larger than `maxBodyBytes` (nothing more
 * is read then, nor anything at all when Content-Length says so beforehand), does not fit into the budget, is not whole
 * after `timeoutMs`, or the caller goes away. Nothing of it is held after that.
 */
export function readBody(
  request: IncomingMessage,
  { timeoutMs, budget }: BodyLimits,
  callback: (error: BodyError | undefined, body: string) => void,
): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) {
    callback(tooLarge(), '');
    return;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  let isDone = false;

  const finish = (error?: BodyError): void => {
    isDone = true;
    clearTimeout(timer);
    budget.giveBack(length);
    if (error) request.pause();
    const body = error ? '' : textOf(chunks, length);
    chunks.length = 0;
    callback(error, body);
  };
  const onData = (chunk: Buffer): void => {
    if (isDone) return;
    if (length + chunk.length > maxBodyBytes) finish(tooLarge());
    else if (!budget.take(chunk.length)) finish(overBudget());
    else {
      length += chunk.length;
      chunks.push(chunk);
    }
  };
  const onEnd = (): void => {
    if (!isDone) finish();
  };
  const onClose = (): void => {
    if (!isDone) finish(new BodyError('ERR_BODY_ABORTED', 'the caller went away before its body was whole'));
  };
  const timer = setTimeout(() => {
    finish(new BodyError('ERR_BODY_TIMEOUT', `the body was not whole after ${String(timeoutMs)} ms`));
  }, timeoutMs);
  // No listener of 'error' is needed: Node tells a request that nobody listens to of its abort by 'close' alone.
  // They stay when all is done: taking them off costs more than a flag.
  request.on('data', onData).on('end', onEnd).on('close', onClose);
}

/** Nearly all bodies come in one piece. */
function textOf(chunks: readonly Buffer[], length: number): string {
  const [only] = chunks;
  return (only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, length)).toString('utf8');
}

function overBudget(): BodyError {
  return new BodyError('ERR_BODY_BUDGET', 'too many large bodies are being read at once; try again');
}

function tooLarge(): BodyError {
  return new BodyError('ERR_BODY_TOO_LARGE', `expected a body of at most ${String(maxBodyBytes)} bytes, got more`);
}
