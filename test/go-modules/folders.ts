/** For the tests of builds: folders with binaries that are only names, and scripts run in an environment of their own. */
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const scriptTimeoutMs = 30_000;

/** Makes empty files for binaries. */
export async function put(folder: string, names: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of names) await writeFile(path.join(folder, name), '');
}

/** Runs what an npm script runs, to its end. */
export function runScript(
  program: string,
  environment: NodeJS.ProcessEnv,
  args: readonly string[] = [],
): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, ...environment };
  return spawnSync(process.execPath, [program, ...args], { env, encoding: 'utf8', timeout: scriptTimeoutMs });
}
