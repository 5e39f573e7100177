// Turns the text of a stream into JSON values, one a line, as a watch sends them.

import { KubernetesError } from './errors.ts';

/**
 * In UTF-16 units. etcd takes 1.5 MiB an object, which an ordinary one does not double when written as JSON; one full
 * of control characters takes six times as much and is the one that this refuses.
 */
const defaultMaxLineLength = 4 * 1024 * 1024;

/** Enough for the fields that the API server writes first: type, kind, and the names in metadata. */
const headLength = 1_024;

/** A line's value, or what is wrong with it: RESPONSE_TOO_LARGE or RESPONSE_INVALID, with the start of its text. */
export type JsonLine = { readonly value: unknown } | { readonly fault: KubernetesError; readonly head: string };

/**
 * Yields each line that is not blank, the last one also without its newline. A line that is too long is told the moment
 * it is, the rest of it is dropped as it comes, and the next line is read as if nothing had been. Rejects as `chunks`
 * does, and leaving the loop leaves `chunks`. Not node:readline, which does not pass on a stream's error (node#30831).
 */
export async function* readJsonLines(
  chunks: AsyncIterable<string>,
  maxLineLength: number = defaultMaxLineLength,
): AsyncGenerator<JsonLine> {
  // The line so far; never longer than the limit and one chunk, and empty while the rest of a line is dropped.
  let text = '';
  let isDropping = false;
  for await (const chunk of chunks) {
    let start = 0;
    while (start < chunk.length) {
      const newline = chunk.indexOf('\n', start);
      const end = newline === -1 ? chunk.length : newline;
      if (!isDropping) text += chunk.slice(start, end);
      if (text.length > maxLineLength) {
        yield tooLong(text, maxLineLength);
        text = '';
        isDropping = true;
      }
      start = end + 1;
      if (newline === -1) continue;
      if (!isBlank(text)) yield parseLine(text);
      text = '';
      isDropping = false;
    }
  }
  if (!isBlank(text)) yield parseLine(text);
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

function parseLine(text: string): JsonLine {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    // Neither the parser's message nor the line is told: both quote what may be a secret.
    return {
      fault: new KubernetesError(
        'ERR_KUBERNETES_RESPONSE_INVALID',
        `Expected JSON in each line, got one of ${text.length} characters that is not`,
      ),
      head: text.slice(0, headLength),
    };
  }
}

function tooLong(text: string, maxLineLength: number): JsonLine {
  return {
    fault: new KubernetesError(
      'ERR_KUBERNETES_RESPONSE_TOO_LARGE',
      `Expected lines of at most ${maxLineLength} characters, got a longer one`,
    ),
    head: text.slice(0, headLength),
  };
}
