// Collects the bodies of answers in memory that is used again.

/** Most that is kept for the next body: a page of 500 service accounts of 4 KB each. */
const keptBytes = 2 * 1024 * 1024;
/** A second piece is rarely the last one. Node reads so much at a time. */
const firstBytes = 64 * 1024;

/** The body of one answer. */
export type CollectedBody = {
  /** Takes the next piece. */
  readonly add: (piece: Buffer) => void;
  /** Returns the pieces as one text of UTF-8. */
  readonly text: () => string;
  /** Lets go of the pieces: what was collected is gone, and its memory is free for another body. Any number of times. */
  readonly release: () => void;
};

/**
 * Returns what starts to collect a body. Bodies of several pieces that come one after the other, as the pages of a list do,
 * share one memory: a Buffer is a small object to V8, which collects it no sooner for what hangs on it, so that a new one for
 * each page leaves dozens of them behind (40 MB with 100,000 accounts). Where two come at once, one has memory of its own.
 * `allocate` returns memory that need not be empty.
 */
export function createBodyMemory(allocate = (bytes: number) => Buffer.allocUnsafeSlow(bytes)): () => CollectedBody {
  let spare: Buffer | undefined;
  const takeSpare = (): Buffer | undefined => {
    const taken = spare;
    spare = undefined;
    return taken;
  };
  const keep = (memory: Buffer): void => {
    if (memory.length <= keptBytes) spare = memory;
  };
  return () => {
    /** A body that comes in one piece is not copied. */
    let only: Buffer | undefined;
    let memory: Buffer | undefined;
    let length = 0;

    const append = (piece: Buffer): void => {
      memory ??= takeSpare() ?? allocate(firstBytes);
      const end = length + piece.length;
      if (end > memory.length) {
        const larger = allocate(Math.max(end, 2 * memory.length));
        memory.copy(larger, 0, 0, length);
        // Or a body too large to be kept would leave nothing, and the next one grow from the start again.
        if (larger.length > keptBytes) keep(memory);
        memory = larger;
      }
      piece.copy(memory, length);
      length = end;
    };
    return {
      add: (piece) => {
        if (only === undefined && length === 0) {
          only = piece;
          return;
        }
        if (only !== undefined) append(only);
        only = undefined;
        append(piece);
      },
      text: () => only?.toString('utf8') ?? memory?.toString('utf8', 0, length) ?? '',
      release: () => {
        if (memory !== undefined) keep(memory);
        only = undefined;
        memory = undefined;
        length = 0;
      },
    };
  };
}
