// Runs the mutate command on manifests in a folder of their own.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { parseCommandLine } from '../../src/commands/command-line.ts';
import { mutate } from '../../src/commands/mutate.ts';
import type { Scope } from '../kubernetes/scope.ts';

export type MutateRun = { readonly output: string; readonly errors: string };

/** Runs `mutate` with the arguments, in which `{folder}` stands for a folder that holds the files. */
export async function runMutate(
  scope: Scope,
  args: readonly string[],
  input: { readonly files?: Readonly<Record<string, string>>; readonly stdin?: string; readonly colours?: boolean },
): Promise<MutateRun> {
  const folder = await scope.folder();
  for (const [name, content] of Object.entries(input.files ?? {})) await writeFile(join(folder, name), content);
  const placed = args.map((arg) => arg.replace('{folder}', folder));
  const command = parseCommandLine(['mutate', ...placed], '1.2.3');
  if (command.verb !== 'mutate') throw new Error(`expected mutate, got ${command.verb}`);
  let output = '';
  let errors = '';
  await mutate(command.values, {
    print: (text) => (output += text),
    printError: (text) => (errors += text),
    standardInput: Readable.from([Buffer.from(input.stdin ?? '')]),
    colours: input.colours ?? false,
  });
  return { output, errors };
}
