// The table of flags as the README has it.
import type { Flag } from '../../src/commands/flags.ts';

/** Returns the table in Markdown; klog's flags, which have no effect, are left out. */
export function flagsTable(flags: readonly Flag[]): string {
  const shown = flags.filter(({ group }) => !group.startsWith('Accepted'));
  const rows = shown.map(({ name, short, text, default: value }) => {
    const names = short === name ? `\`-${short}\`` : `\`--${name}\``;
    const shownDefault = value === '' ? '' : ` \`${value}\``;
    return `| ${names} |${shownDefault} | ${text} |`;
  });
  return ['| flag | default | what it does |', '|---|---|---|', ...rows].join('\n');
}
