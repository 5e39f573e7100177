// Gathers lines, and hands them on as one text: each hand-over has its price.

/** When lines are handed on: at so many characters, or so long after the first of them. */
export type GatherLimits = { readonly characters: number; readonly ageMs: number };

/** Lines on their way. */
export type GatheredLines = {
  /** Takes a line, with its end. */
  readonly write: (line: string) => void;
  /** Hands on at once what there is. */
  readonly flush: () => void;
};

/** Returns what gathers lines for `pass`, in order, which is told their number, too. Its timer keeps no process alive: who ends it calls flush(). */
export function gatherLines(pass: (text: string, lines: number) => void, limits: GatherLimits): GatheredLines {
  // An array, not a growing text: whoever asks that for its length in bytes makes V8 copy all of it.
  let lines: string[] = [];
  let characters = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (lines.length === 0) return;
    const gathered = lines;
    lines = [];
    characters = 0;
    pass(gathered.join(''), gathered.length);
  };
  return {
    write: (line) => {
      lines.push(line);
      characters += line.length;
      if (characters >= limits.characters) flush();
      else timer ??= setTimeout(flush, limits.ageMs).unref();
    },
    flush,
  };
}
