// The log: one line of JSON an event, on standard error.
import pino from 'pino';

/** Fields of a log line. No secret and no whole pod goes in. */
export type LogFields = { readonly [field: string]: string | number | boolean | undefined };

/** Writes log lines. */
export type Log = {
  readonly debug: (fields: LogFields, message: string) => void;
  readonly info: (fields: LogFields, message: string) => void;
  readonly warn: (fields: LogFields, message: string) => void;
  readonly error: (fields: LogFields, message: string) => void;
};

/** Longest text in a log line; names that strangers send may be longer. */
const maxTextLength = 512;

/** klog's `-v` from which on debug lines are written; the Go webhook tells why a pod was left alone at 4. */
const debugVerbosity = 4;

/**
 * Lines are written together, and none is waited for: whoever reads standard error and stalls must not stop reviews.
 * Beyond 4 MiB that nobody reads lines are dropped. At the end of the process, also by a throw, the rest is written.
 */
const buffering = { minLength: 4096, periodicFlush: 200, maxLength: 4 * 1024 * 1024 };

/** Creates the log. Lines below the level that klog's `-v` asks for are dropped. */
export function createLog(options: { readonly verbosity: number; readonly destination?: pino.DestinationStream }): Log {
  const logger = pino(
    {
      base: null,
      level: options.verbosity >= debugVerbosity ? 'debug' : 'info',
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination ?? pino.destination({ dest: 2, sync: false, ...buffering }),
  );
  const writer =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: LogFields, message: string): void => {
      if (logger.isLevelEnabled(level)) logger[level](cutTexts(fields), message);
    };
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') };
}

/** Nearly every line is short enough, and then not copied. */
function cutTexts(fields: LogFields): LogFields {
  if (!Object.values(fields).some(isLong)) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      isLong(value) ? `${value.slice(0, maxTextLength)}...` : value,
    ]),
  );
}

function isLong(value: LogFields[string]): value is string {
  return typeof value === 'string' && value.length > maxTextLength;
}
