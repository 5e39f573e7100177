// Reads the body of a call: bounded in size and in time.
import type { IncomingMessage } from 'node:http';

/** Bytes: two objects of at most 3 MiB (the API server's limit for one) and 1 MiB for what surrounds them, as controller-runtime. */
export const maxBodyBytes = 7 * 1024 * 1024;

/** Why there is no body. */
export type BodyErrorCode = 'ERR_BODY_TOO_LARGE' | 'ERR_BODY_TIMEOUT' | 'ERR_BODY_ABORTED';

/** The body could not be read whole. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly code: BodyErrorCode;

  constructor(code: BodyErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Calls back once with the whole body, or with a {@link BodyError} when it is larger than `maxBodyBytes` (nothing more
 * is read then, nor anything at all when Content-Length says so beforehand), is not whole after `deadlineMs`, or the
 * caller goes away.
 */
export function readBody(
  request: IncomingMessage,
  deadlineMs: number,
  callback: (error: BodyError | undefined, body: string) => void,
): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) {
    callback(tooLarge(), '');
    return;
  }
  const chunks: Buffer[] = [];
  let length = 0;

  const finish = (error?: BodyError): void => {
    clearTimeout(timer);
    request.off('data', onData).off('end', onEnd).off('close', onClose);
    if (error) request.pause();
    callback(error, error ? '' : Buffer.concat(chunks, length).toString('utf8'));
  };
  const onData = (chunk: Buffer): void => {
    length += chunk.length;
    if (length > maxBodyBytes) finish(tooLarge());
    else chunks.push(chunk);
  };
  const onEnd = (): void => {
    finish();
  };
  const onClose = (): void => {
    finish(new BodyError('ERR_BODY_ABORTED', 'the caller went away before its body was whole'));
  };
  const timer = setTimeout(() => {
    finish(new BodyError('ERR_BODY_TIMEOUT', `the body was not whole after ${String(deadlineMs)} ms`));
  }, deadlineMs);
  // No listener of 'error' is needed: Node tells a request that nobody listens to of its abort by 'close' alone.
  request.on('data', onData).on('end', onEnd).on('close', onClose);
}

function tooLarge(): BodyError {
  return new BodyError('ERR_BODY_TOO_LARGE', `expected a body of at most ${String(maxBodyBytes)} bytes, got more`);
}
