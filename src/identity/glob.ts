// Matches names against patterns in which `*` stands for any run of characters, in linear time.

/** A pattern that is ready to match. */
export type Glob = {
  /** What a text begins with: all of the pattern before its first `*`. */
  readonly prefix: string;
  /** What stands between two `*`, in order; none of them is empty. */
  readonly middles: readonly Needle[];
  /** What a text ends with: all of the pattern after its last `*`. Undefined where there is no `*` at all. */
  readonly suffix: string | undefined;
  /** Characters (UTF-16 units) that are not `*`; no shorter text can match. */
  readonly literalLength: number;
  /** Runs of `*`: `**` is one, as it matches the same. */
  readonly wildcards: number;
};

/** A text to look for, with what the search of Knuth, Morris and Pratt needs so that it never goes back. */
type Needle = {
  readonly text: string;
  /** For each length less one: how much of the text's start is the end of that much of it, and shorter. */
  readonly borders: readonly number[];
};

/**
 * Returns the pattern, ready to match. Only `*` is special: any run of characters, the empty one too. No pattern is
 * wrong. Takes time and memory in proportion to the pattern.
 */
export function compileGlob(pattern: string): Glob {
  const literals = pattern.split(/\*+/);
  const suffix = literals.length > 1 ? literals.at(-1) : undefined;
  return {
    prefix: literals[0] ?? '',
    middles: literals.slice(1, -1).map((text) => ({ text, borders: bordersOf(text) })),
    suffix,
    literalLength: literals.reduce((sum, literal) => sum + literal.length, 0),
    wildcards: literals.length - 1,
  };
}

/**
 * Returns whether the whole text matches. Takes time in proportion to the text, whatever the pattern: pattern and text
 * both come from strangers, and a regular expression made of `*a*a*a*` would take exponential or quadratic time.
 */
export function matchesGlob(glob: Glob, text: string): boolean {
  if (glob.suffix === undefined) return text === glob.prefix;
  // Also keeps the prefix and the suffix from sharing characters.
  if (text.length < glob.literalLength) return false;
  if (!text.startsWith(glob.prefix) || !text.endsWith(glob.suffix)) return false;

  const end = text.length - glob.suffix.length;
  let from = glob.prefix.length;
  for (const middle of glob.middles) {
    // The leftmost place leaves the most room for the rest, so that no other place need be tried.
    from = endOfFirst(middle, text, from, end);
    if (from < 0) return false;
  }
  return true;
}

/** Returns where the first occurrence within [from, end) ends, or -1. */
function endOfFirst({ text: needle, borders }: Needle, text: string, from: number, end: number): number {
  let matched = 0;
  for (let index = from; index < end; index += 1) {
    matched = extend(needle, borders, matched, text.charCodeAt(index));
    if (matched === needle.length) return index + 1;
  }
  return -1;
}

function bordersOf(needle: string): number[] {
  const borders = [0];
  let matched = 0;
  for (let index = 1; index < needle.length; index += 1) {
    matched = extend(needle, borders, matched, needle.charCodeAt(index));
    borders.push(matched);
  }
  return borders;
}

/** Returns how much of the needle is matched once the next character has come too; needs `matched` < its length. */
function extend(needle: string, borders: readonly number[], matched: number, character: number): number {
  let length = matched;
  while (length > 0 && needle.charCodeAt(length) !== character) length = borders[length - 1] ?? 0;
  return needle.charCodeAt(length) === character ? length + 1 : length;
}
