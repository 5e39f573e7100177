// Reads the value of a flag as Go's pflag would, or says what it should have been.
import { parseBool, parseInt64 } from '../identity/go-literals.ts';
import type { Flag, FlagForm } from './flags.ts';

/** The command line is wrong; the message is one line that says how to write it. Exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'ERR_USAGE';
}

/** Returns the value that a text gives a flag. Throws a {@link UsageError} that says what was expected. */
export function parseFlagValue(flag: Pick<Flag, 'name' | 'form' | 'rule'>, text: string): boolean | number | string {
  const { name, form, rule } = flag;
  const value = parsers[form](text);
  if (value !== undefined && (rule === undefined || rule.holds(value))) return value;
  const dashes = name.length === 1 ? '-' : '--';
  const expected = value === undefined ? expectations[form] : rule?.expected;
  throw new UsageError(`${dashes}${name}: expected ${String(expected)}, got ${JSON.stringify(text)}`);
}

const expectations: Readonly<Record<FlagForm, string>> = {
  bool: 'true or false',
  duration: 'a time such as 500ms, 1s or 1m30s',
  int: 'a whole number',
  string: 'a text',
};

const parsers: Readonly<Record<FlagForm, (text: string) => boolean | number | string | undefined>> = {
  bool: parseBool,
  duration: parseDurationMs,
  int: parseSafeInt,
  string: (text) => text,
};

/** Flags take only what a JavaScript number holds exactly; pflag would read a leading zero as octal, so that none is taken. */
function parseSafeInt(text: string): number | undefined {
  const value = /^[+-]?0\d/.test(text) ? undefined : parseInt64(text);
  return value !== undefined && Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
}

const unitsMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, ms: 1, s: 1000 };

/** Go's time.ParseDuration, without signs and without what is finer than a millisecond. */
function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ms|h|m|s))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    totalMs += Number(amount) * (unitsMs[unit] ?? 0);
  }
  return totalMs;
}
