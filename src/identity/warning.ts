// Writes warnings that the API server will pass on: one line, short, and safe whatever the text they quote.

/** The API server's documented limit for one warning, in characters (k8s.io/api/admission/v1 types.go). */
export const maxWarningLength = 120;

/** Room that a quoted value gets at first, and what it is cut to when the line would be too long. */
const quotedLengths = [40, 20, 8] as const;

/** One fault in an annotation: where it stands, what was found, why that is wrong and what happens instead. */
export type AnnotationFault = {
  readonly owner: 'account' | 'namespace' | 'pod';
  readonly annotationPrefix: string;
  readonly name: string;
  readonly found: string;
  readonly problem: string;
  readonly consequence: string;
};

/**
 * Returns the text in double quotes, as JSON writes it and in ASCII only, cut after `maxLength` characters: control
 * characters and broken Unicode in a warning would make the API server drop it.
 */
export function quote(text: string, maxLength: number): string {
  const cut = text.length > maxLength;
  // The slice comes first: the text may be a megabyte.
  const shown = escapeUnprintable(JSON.stringify(cut ? text.slice(0, maxLength) : text));
  return cut ? `${shown.slice(0, -1)}..."` : shown;
}

/**
 * Returns the first line that fits {@link maxWarningLength} of those that `write` makes with ever shorter quotes,
 * else the last of them cut. `write` gets the length that each value it quotes may have.
 */
export function fitWarning(write: (quotedLength: number) => string): string {
  let line = '';
  for (const quotedLength of quotedLengths) {
    // What is not quoted comes from a flag, and is as free.
    line = escapeUnprintable(write(quotedLength));
    if (line.length <= maxWarningLength) return line;
  }
  return `${line.slice(0, maxWarningLength - 3)}...`;
}

/** Returns the warning for a wrong annotation; the annotation's prefix goes first when the line is too long. */
export function annotationWarning(fault: AnnotationFault): string {
  const { owner, annotationPrefix, name, found, problem, consequence } = fault;
  return fitWarning((quotedLength) => {
    const key = quotedLength === quotedLengths.at(-1) ? name : `${annotationPrefix}/${name}`;
    return `${owner} annotation ${key}: ${quote(found, quotedLength)} ${problem}; ${consequence}`;
  });
}

/** Returns a stranger's text for a terminal: in one line, in ASCII only, cut after `maxLength` characters. */
export function printable(text: string, maxLength: number): string {
  const shown = escapeUnprintable(text.slice(0, maxLength));
  return text.length > maxLength ? `${shown}...` : shown;
}

function escapeUnprintable(text: string): string {
  return text.replace(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
