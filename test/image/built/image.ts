// The image that is under test: built for real, and unpacked.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { asArray, asObject, asString, type JsonObject } from '../../../src/identity/json.ts';
import type { GuardedRun } from '../../cluster/guarded-run.ts';
import { projectFolder } from '../../program.ts';
import { makeBases } from './bases.ts';
import { type Buildah, openBuildah } from './buildah.ts';
import { diesWithParent } from './dies-with-parent.ts';

const run = promisify(execFile);

const buildTimeoutMs = 120_000;
const name = 'localhost/irsa-webhook:test';

export type Image = {
  /** Its processes and all its files go with it. */
  readonly guard: GuardedRun;
  /** What a container runtime reads: user, entry point, environment, labels. */
  readonly config: JsonObject;
  readonly entrypoint: readonly string[];
  /** As `NAME=value`. */
  readonly environment: readonly string[];
  /** The name of the base. */
  readonly runtimeBase: string;
  /** The root file systems, unpacked: of the base, of the image, and one more of the image for containers. */
  readonly roots: { readonly base: string; readonly image: string; readonly container: string };
};

/** Builds the image as `npm run image` does, on bases made here, and unpacks it; all of it in the folder of the guard. */
export async function buildImage(guard: GuardedRun): Promise<Image> {
  const buildah = await openBuildah(guard.directory);
  const folder = join(guard.directory, 'bases');
  await mkdir(folder);
  const bases = await makeBases(buildah, folder);
  await runImageScript(buildah, [
    '--with=buildah',
    `--tag=${name}`,
    `--build-image=${bases.build}`,
    `--runtime-image=${bases.runtime}`,
    '--source=https://example.com/irsa-webhook',
    '--',
    // The packages that are installed, so that no registry is asked.
    `--volume=${join(projectFolder, 'node_modules')}:/project/node_modules:ro`,
  ]);
  const inspected: unknown = JSON.parse(await buildah.run('inspect', '--type=image', name));
  const config = asObject(asObject(asObject(inspected)?.['OCIv1'])?.['config']) ?? {};
  return {
    guard,
    config,
    entrypoint: asTexts(config['Entrypoint']),
    environment: asTexts(config['Env']),
    runtimeBase: bases.runtime,
    roots: {
      base: await unpack(buildah, bases.runtime),
      image: await unpack(buildah, name),
      container: await unpack(buildah, name),
    },
  };
}

async function runImageScript({ environment }: Buildah, args: readonly string[]): Promise<void> {
  const script = join(projectFolder, 'test', 'image', 'build.ts');
  const line = diesWithParent({ command: process.execPath, args: [script, ...args] });
  await run(line.command, line.args, { env: environment, timeout: buildTimeoutMs, killSignal: 'SIGKILL' });
}

async function unpack(buildah: Buildah, image: string): Promise<string> {
  return buildah.run('mount', await buildah.run('from', '--pull-never', image));
}

function asTexts(value: unknown): string[] {
  return (asArray(value) ?? []).map((text) => asString(text) ?? '');
}
