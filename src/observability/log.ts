// The log: one line of JSON an event.
import { gather, type GatherLimits } from './gather.ts';

/** Fields of a log line. No secret and no whole pod goes in. */
export type LogFields = { readonly [field: string]: string | number | boolean | undefined };

/** Writes log lines. */
export type Log = {
  readonly debug: (fields: LogFields, message: string) => void;
  readonly info: (fields: LogFields, message: string) => void;
  readonly warn: (fields: LogFields, message: string) => void;
  readonly error: (fields: LogFields, message: string) => void;
  /** Writes what has not been written yet before it returns: for the end of the process, however it comes. */
  readonly flush: () => void;
};

/** Takes so many lines, each with its end. */
export type LogDestination = { readonly write: (text: string, lines: number) => void };

/** How a log is made. */
export type LogOptions = {
  /** klog's `-v`. */
  readonly verbosity: number;
  readonly destination: LogDestination;
  /** Whether lines may wait a moment for others, until {@link Log.flush} is called at the latest. */
  readonly gathers?: boolean;
};

/** Longest text in a log line; names that strangers send may be longer. */
const maxTextLength = 512;

/** klog's `-v` from which on debug lines are written; the Go webhook tells why a pod was left alone at 4. */
const debugVerbosity = 4;

/** A line yet to be written costs a review a fifth of what writing it would; five times a second is soon enough. */
const gathering: GatherLimits = { count: 100, ageMs: 200 };
const atOnce: GatherLimits = { count: 1, ageMs: 0 };

type Entry = {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly timeMs: number;
  readonly fields: LogFields;
  readonly message: string;
};

/** Creates the log. Lines below the level that klog's `-v` asks for are dropped. */
export function createLog({ verbosity, destination, gathers = false }: LogOptions): Log {
  const format = createFormat();
  const entries = gather<Entry>(
    (list) => {
      destination.write(list.map(format).join(''), list.length);
    },
    gathers ? gathering : atOnce,
  );
  const writer =
    (level: Entry['level']) =>
    (fields: LogFields, message: string): void => {
      entries.add({ level, timeMs: Date.now(), fields, message });
    };
  return {
    debug: verbosity >= debugVerbosity ? writer('debug') : () => undefined,
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    flush: entries.flush,
  };
}

function createFormat(): (entry: Entry) => string {
  const formatTime = createTimeFormat();
  return ({ level, timeMs, fields, message }) => {
    // The fields as one text of JSON, between the rest: a fifth of the time of what pino takes for such a line.
    const inner = JSON.stringify(cutTexts(fields)).slice(1, -1);
    const start = `{"level":"${level}","time":"${formatTime(timeMs)}"${inner === '' ? '' : ','}${inner}`;
    return `${start},"message":${JSON.stringify(message)}}\n`;
  };
}

/** Returns what writes a time: RFC 3339, UTC, in milliseconds. Most of it is as it was a moment ago. */
function createTimeFormat(): (timeMs: number) => string {
  let second = Number.NaN;
  let start = '';
  return (timeMs) => {
    const itsSecond = Math.floor(timeMs / 1000);
    if (itsSecond !== second) {
      second = itsSecond;
      start = new Date(timeMs).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss.'.length);
    }
    return `${start}${String(timeMs - itsSecond * 1000).padStart(3, '0')}Z`;
  };
}

/** Nearly every line is short enough, and then not copied. */
function cutTexts(fields: LogFields): LogFields {
  for (const name in fields) {
    if (isLong(fields[name])) return cutEach(fields);
  }
  return fields;
}

function cutEach(fields: LogFields): LogFields {
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
