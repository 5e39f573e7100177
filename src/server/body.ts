// Reads the body of a call: bounded in size and in time.
import type { IncomingMessage } from 'node:http';
import { createDepthWatch, tooDeep } from '../admission/json-depth.ts';
import { bytesATurn, type TakeTurns } from './body-turns.ts';

/** Bytes: two objects of at most 3 MiB (the API server's limit for one) and 1 MiB for what surrounds them, as controller-runtime. */
export const maxBodyBytes = 7 * 1024 * 1024;

/** Why there is no body. */
export type BodyErrorCode =
  typeof tooDeep.code | 'ERR_BODY_TOO_LARGE' | 'ERR_BODY_BUDGET' | 'ERR_BODY_TIMEOUT' | 'ERR_BODY_ABORTED';

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
  /** Returns whether so many more bytes may be held, and counts them if so. Ends slow bodies to make room. */
  readonly take: (bytes: number) => boolean;
  readonly giveBack: (bytes: number) => void;
  /** A body that came in part. */
  readonly addPartial: (body: PartialBody) => void;
  readonly removePartial: (body: PartialBody) => void;
};

/** A body of which more is to come. */
export type PartialBody = { readonly startMs: number; readonly end: () => void };

/** The API server sends a body at once. One that is not whole after so long makes room for others where it is short. */
const slowBodyMs = 1_000;

/**
 * Creates a budget for the bodies of one port. Where it is short, the bodies that have been on the way longest are ended
 * first: a few callers who send large ones slowly would otherwise keep everybody else's out.
 */
export function createBodyBudget(maxBytes = maxBytesInFlight, slowMs = slowBodyMs): BodyBudget {
  /** The oldest first. */
  const partial: PartialBody[] = [];
  let held = 0;
  const removePartial = (body: PartialBody): void => {
    const index = partial.indexOf(body);
    if (index !== -1) partial.splice(index, 1);
  };
  const hasRoomFor = (bytes: number): boolean => held + bytes <= maxBytes;
  const endSlowest = (): boolean => {
    const [oldest] = partial;
    if (oldest === undefined || performance.now() - oldest.startMs <= slowMs) return false;
    removePartial(oldest);
    oldest.end();
    return true;
  };
  return {
    take: (bytes) => {
      while (!hasRoomFor(bytes)) if (!endSlowest()) return false;
      held += bytes;
      return true;
    },
    giveBack: (bytes) => {
      held -= bytes;
    },
    addPartial: (body) => {
      partial.push(body);
    },
    removePartial,
  };
}

/** What bounds the reading of one body. */
export type BodyLimits = { readonly timeoutMs: number; readonly budget: BodyBudget; readonly takeTurns: TakeTurns };

/**
 * Calls back once with the whole body, which is the callback's to overwrite, or with a {@link BodyError} when it is larger
 * than `maxBodyBytes` (nothing more is read then, nor anything at all when Content-Length says so beforehand), is large and
 * nests too deeply, does not fit into the budget, is not whole after `timeoutMs`, or the caller goes away. Nothing of it is
 * held after that.
 */
export function readBody(
  request: IncomingMessage,
  { timeoutMs, budget, takeTurns }: BodyLimits,
  callback: (error: BodyError | undefined, body: Buffer) => void,
): void {
  const expected = Number(request.headers['content-length'] ?? Number.NaN);
  if (expected > maxBodyBytes) {
    // It is passed over while its caller reads the refusal.
    takeTurns(request, () => false);
    callback(tooLarge(), nothing);
    return;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  let isDone = false;
  // The API server says how long each body is.
  const isLarge = !(expected <= bytesATurn);
  if (isLarge) takeTurns(request, () => !isDone && !Number.isNaN(expected));
  const isTooDeep = isLarge ? createDepthWatch() : undefined;
  let partial: PartialBody | undefined;

  const finish = (error?: BodyError): void => {
    isDone = true;
    clearTimeout(timer);
    budget.giveBack(length);
    if (partial) budget.removePartial(partial);
    if (error) request.pause();
    const body = error ? nothing : joined(chunks, length);
    chunks.length = 0;
    callback(error, body);
  };
  const onData = (chunk: Buffer): void => {
    if (isDone) return;
    if (length + chunk.length > maxBodyBytes) finish(tooLarge());
    else if (isTooDeep?.(chunk) === true) finish(new BodyError(tooDeep.code, tooDeep.message));
    else take(chunk);
  };
  const take = (chunk: Buffer): void => {
    const isTaken = budget.take(chunk.length);
    // This one may have been the slowest of all.
    if (isDone) budget.giveBack(isTaken ? chunk.length : 0);
    else if (isTaken) keep(chunk);
    else finish(overBudget());
  };
  const keep = (chunk: Buffer): void => {
    length += chunk.length;
    chunks.push(chunk);
    if (partial !== undefined || length === expected) return;
    partial = { startMs: performance.now(), end: endSlow };
    budget.addPartial(partial);
  };
  const endSlow = (): void => {
    finish(overBudget());
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

const nothing = Buffer.alloc(0);

/** Nearly all bodies come in one piece. */
function joined(chunks: readonly Buffer[], length: number): Buffer {
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, length);
}

function overBudget(): BodyError {
  return new BodyError('ERR_BODY_BUDGET', 'too many large bodies are being read at once; try again');
}

function tooLarge(): BodyError {
  return new BodyError('ERR_BODY_TOO_LARGE', `expected a body of at most ${String(maxBodyBytes)} bytes, got more`);
}
