// Where the log goes: a stream of the process, which nobody may be reading.
import { gatherLines } from './gathered-lines.ts';
import type { LogDestination } from './log.ts';

/** A stream of the process, such as standard error. */
export type LogStream = {
  readonly write: (text: string) => unknown;
  /** Bytes that the kernel had no room for, because nobody reads. */
  readonly writableLength: number;
};

/** Lines are written together, since a call of the kernel costs as much as ten of them: for 32 KiB, or five times a second. */
const gathering = { characters: 32 * 1024, ageMs: 200 };

/** Whoever reads the log and stalls must neither stop reviews nor fill the memory: beyond this, lines are dropped. */
const maxUnreadBytes = 4 * 1024 * 1024;

/**
 * Returns the destination of a log. Who reads again after lines were dropped is told first how many. flush() hands over
 * what has been held back before it returns; what a pipe has no room for then is lost, since whoever stalls must not
 * keep the process from ending either.
 */
export function toStream(stream: LogStream): Required<LogDestination> {
  let dropped = 0;
  return gatherLines((text, lines) => {
    if (stream.writableLength > maxUnreadBytes) dropped += lines;
    else {
      stream.write(dropped === 0 ? text : describeDropped(dropped) + text);
      dropped = 0;
    }
  }, gathering);
}

function describeDropped(lines: number): string {
  const fields = {
    level: 'warn',
    time: new Date().toISOString(),
    lines,
    message: 'log lines dropped: nobody read them',
  };
  return `${JSON.stringify(fields)}\n`;
}
