// buildah with a storage of its own, in a folder that goes with the test run.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { diesWithParent } from './dies-with-parent.ts';

const run = promisify(execFile);

/** A vfs copy of a base is 160 MB, and other work may have the processors. */
const buildahTimeoutMs = 120_000;

export type Buildah = {
  /** For programs that call buildah themselves. */
  readonly environment: NodeJS.ProcessEnv;
  /** Runs buildah and returns what it wrote to the output; rejects with what it wrote to the errors. */
  readonly run: (...args: readonly string[]) => Promise<string>;
};

/** Returns a buildah that keeps everything below the folder and needs neither a daemon nor a kernel with overlayfs. */
export async function openBuildah(folder: string): Promise<Buildah> {
  const settings = join(folder, 'storage.conf');
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  const storage = JSON.stringify(join(folder, 'storage'));
  await writeFile(
    settings,
    `[storage]\ndriver = "vfs"\ngraphroot = ${storage}\nrootless_storage_path = ${storage}\nrunroot = ${JSON.stringify(join(folder, 'run'))}\n`,
  );
  const { STORAGE_DRIVER: _driver, STORAGE_OPTS: _options, ...inherited } = process.env;
  const environment = {
    ...inherited,
    BUILDAH_ISOLATION: 'chroot',
    CONTAINERS_STORAGE_CONF: settings,
    // Where buildah unpacks.
    TMPDIR: temporary,
  };
  return {
    environment,
    async run(...args) {
      const line = diesWithParent({ command: 'buildah', args });
      const limit = { timeout: buildahTimeoutMs, killSignal: 'SIGKILL' } as const;
      const { stdout } = await run(line.command, line.args, { env: environment, ...limit });
      return stdout.trim();
    },
  };
}
