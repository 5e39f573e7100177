// Tells JSON that is nested too deeply to be worth parsing: that takes V8 0.7 us a level, a second for 7 MiB of brackets.
import { backslash, closeBrace, closeBracket, openBrace, openBracket, quote } from './json-characters.ts';

/** How a text is refused that nests too deeply. */
export const tooDeep = {
  code: 'ERR_REVIEW_TOO_DEEP',
  message: 'expected JSON of some levels, got it nested too deeply',
} as const;

/** A pod is nested some twenty levels deep, its managedFields included; Go itself reads 10,000 (encoding/json). */
const maxDepth = 1_000;
/** Nothing so short takes a millisecond to parse, whatever it holds, and nearly every review is shorter. */
const smallLength = 16_384;

/** Returns whether a text that may be JSON nests lists and objects too deeply. Costs 3 ns a character of a long text. */
export function isTooDeep(text: string): boolean {
  if (text.length <= smallLength) return false;
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === quote) index = endOfString(text, index);
    else if (code === openBracket || code === openBrace) depth += 1;
    else if (code === closeBracket || code === closeBrace) depth -= 1;
    if (depth > maxDepth) return true;
  }
  return false;
}

/**
 * Returns what tells, piece by piece of a text in UTF-8, whether it nests lists and objects too deeply as far as it has
 * come: so that a long one is read no further. Costs 3 ns a byte.
 */
export function createDepthWatch(): (piece: Uint8Array) => boolean {
  let depth = 0;
  let isInString = false;
  let isEscaped = false;
  return (piece) => {
    for (const byte of piece) {
      if (isEscaped) isEscaped = false;
      else if (isInString) {
        if (byte === quote) isInString = false;
        else if (byte === backslash) isEscaped = true;
      } else if (byte === quote) isInString = true;
      else if (byte === openBracket || byte === openBrace) depth += 1;
      else if (byte === closeBracket || byte === closeBrace) depth -= 1;
      if (depth > maxDepth) return true;
    }
    return false;
  };
}

/** Returns where the string that begins at `start` ends: its quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === backslash) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
