// Parses flags in the forms of Go's pflag.
import { Command, CommanderError, Option } from 'commander';
import { parseFlagValue, UsageError } from './flag-values.ts';
import type { Flag, FlagValues } from './flags.ts';

/** What a command line says. */
export type ParsedFlags<Table extends readonly Flag[]> = {
  readonly values: FlagValues<Table>;
  /** Names of the flags that were given; the others have their default. */
  readonly given: ReadonlySet<string>;
};

/**
 * Returns the value of each flag of the table. Throws a {@link UsageError} of one line for an unknown flag, a bad value
 * or a word that belongs to no flag. The forms are pflag's: `--name=value`, `--name value`, a bare `--bool`, `-v=4`,
 * `-v 4` and `-v4`; of a flag that is given twice the last counts.
 */
export function parseFlags<const Table extends readonly Flag[]>(
  table: Table,
  args: readonly string[],
): ParsedFlags<Table> {
  const command = new Command().helpOption(false).exitOverride().allowExcessArguments(false);
  command.configureOutput({ writeErr: () => undefined });
  const given = new Map<string, boolean | number | string>();
  for (const flag of table) {
    const spelling = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
    const option = new Option(`${spelling} <value>`).argParser((text: string) => {
      given.set(flag.name, parseFlagValue(flag, text));
    });
    command.addOption(option);
  }
  try {
    command.parse(toCommanderForms(table, args), { from: 'user' });
  } catch (error) {
    throw error instanceof CommanderError ? new UsageError(usageMessage(error), { cause: error }) : error;
  }
  const values = Object.fromEntries(
    table.map((flag) => [flag.name, given.get(flag.name) ?? parseFlagValue(flag, flag.default)]),
  );
  // Each value was parsed by the form of its flag, which is what the type is derived from.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { values: values as FlagValues<Table>, given: new Set(given.keys()) };
}

/** To commander a bare boolean lacks its value, one letter and an equals sign means the value `=4`. */
function toCommanderForms(table: readonly Flag[], args: readonly string[]): string[] {
  const formOf = new Map<string, Flag['form']>();
  for (const { name, short, form } of table) {
    formOf.set(`--${name}`, form);
    if (short !== undefined) formOf.set(`-${short}`, form);
  }
  let isValue = false;
  return args.map((arg) => {
    const form = isValue ? undefined : formOf.get(arg);
    const word = isValue ? arg : arg.replace(/^-(\w)=/, '-$1');
    // Whatever follows such a flag is its value, however much it looks like a flag.
    isValue = form !== undefined && form !== 'bool';
    if (form !== 'bool') return word;
    return arg.startsWith('--') ? `${arg}=true` : `${arg}true`;
  });
}

function usageMessage(error: CommanderError): string {
  const [line = ''] = error.message.replace(/^error: /, '').split('\n', 1);
  if (error.code !== 'commander.excessArguments') return line;
  const word = /: (.*)\.$/.exec(line)?.[1] ?? '';
  return `${JSON.stringify(word)} belongs to no flag: a file is given by a flag, the value of a boolean as in --flag=false`;
}
