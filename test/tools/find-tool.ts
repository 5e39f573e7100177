/** Finds a tool of another project: in the folder of IRSA_TEST_TOOLS first, then in the cache that `npm run tools` fills. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ToolName } from './toolset.ts';
import { readToolset } from './toolset.ts';

/**
 * Returns the path of a tool, or a sentence that tells what to run.
 * The PATH is not looked at: what another version prints would differ from what the tests compare with.
 */
export function findTool(name: ToolName, environment: NodeJS.ProcessEnv): { path: string } | { reason: string } {
  const configured = environment['IRSA_TEST_TOOLS'] ?? '';
  const cache = readToolset(environment).directory;
  const found = (configured === '' ? [cache] : [configured, cache])
    .map((directory) => path.join(directory, name))
    .find((candidate) => existsSync(candidate));
  if (found !== undefined) return { path: found };
  const places =
    configured === '' ? `no IRSA_TEST_TOOLS, nothing in ${cache}` : `neither in ${configured} nor in ${cache}`;
  return { reason: `${name} not found (${places}): run \`npm run tools\`` };
}

/**
 * Returns the path of a tool to a hook or test of mocha, which is skipped where the tool is not there; but throws in CI
 * (`CI=true` in `environment`), where a skipped test would look like a passed one.
 */
export function needTool(context: { skip(): never }, name: ToolName, environment: NodeJS.ProcessEnv): string {
  const found = findTool(name, environment);
  if ('path' in found) return found.path;
  if (environment['CI'] === 'true') throw new Error(found.reason);
  process.stdout.write(`Skipped: ${found.reason}\n`);
  context.skip();
}
