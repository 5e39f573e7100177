/** Runs a tool of the pinned version with the arguments that follow its name, and ends as it does. */
import { spawnSync } from 'node:child_process';
import { findTool } from './find-tool.ts';
import { toolNames } from './toolset.ts';

function main([given, ...args]: readonly string[]): number {
  const name = toolNames.find((candidate) => candidate === given);
  if (name === undefined) {
    process.stderr.write(`Expected one of ${toolNames.join(', ')} and its arguments, got ${given ?? 'nothing'}.\n`);
    return 2;
  }
  const found = findTool(name, process.env);
  if ('reason' in found) {
    process.stderr.write(`${found.reason}\n`);
    return 1;
  }
  // A signal that ends the tool reaches this process, too.
  return spawnSync(found.path, args, { stdio: 'inherit' }).status ?? 1;
}

process.exitCode = main(process.argv.slice(2));
