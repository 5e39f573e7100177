// Where the log goes: a stream of the process, which nobody may be reading.
import type { LogDestination } from './log.ts';

/** A stream of the process, such as standard error. */
export type LogStream = {
  readonly write: (text: string) => unknown;
  /** Bytes that the kernel had no room for, because nobody reads. */
  readonly writableLength: number;
};

/** Whoever reads the log and stalls must neither stop reviews nor fill the memory: beyond this, lines are dropped. */
const maxUnreadBytes = 4 * 1024 * 1024;

/**
 * Returns the destination of a log. Who reads again after lines were dropped is told first how many. At the end of the
 * process what a pipe has no room for is lost: whoever stalls must not keep it from ending either.
 */
export function toStream(stream: LogStream): LogDestination {
  let dropped = 0;
  return {
    write: (text, lines) => {
      if (stream.writableLength > maxUnreadBytes) dropped += lines;
      else {
        stream.write(dropped === 0 ? text : describeDropped(dropped) + text);
        dropped = 0;
      }
    },
  };
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
