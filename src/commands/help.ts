// Writes the help of a command from its table of flags.
import type { Flag } from './flags.ts';

/** What the help of a command consists of besides its flags. */
export type HelpParts = {
  readonly usage: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
};

/** Widest column of names; a longer name gets a line of its own. */
const nameColumn = 34;
/** Lines are broken here, so that they fit the narrowest terminal that people use. */
const lineWidth = 100;

/** Returns the help: usage, description, flags by their groups with defaults, examples. */
export function formatHelp({ usage, description, flags, examples }: HelpParts): string {
  const groups = [...new Set(flags.map((flag) => flag.group))];
  const sections = groups.map((group) => {
    const lines = flags.filter((flag) => flag.group === group).map(formatFlag);
    return `${group}:\n${lines.join('\n')}`;
  });
  return [
    `Usage: ${usage}`,
    description,
    ...sections,
    `Examples:\n${examples.map((example) => `  ${example}`).join('\n')}`,
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

function formatFlag(flag: Flag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  const name = `  ${short}--${flag.name}${flag.form === 'bool' ? '' : ` ${flag.placeholder ?? 'VALUE'}`}`;
  const text = wrap(`${flag.text}${formatDefault(flag)}`, lineWidth - nameColumn);
  const indent = `\n${' '.repeat(nameColumn)}`;
  return name.length < nameColumn - 1
    ? name.padEnd(nameColumn) + text.join(indent)
    : `${name}${indent}${text.join(indent)}`;
}

function formatDefault({ default: value, form }: Flag): string {
  return value === '' || (form === 'bool' && value === 'false') ? '' : ` [${value}]`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
