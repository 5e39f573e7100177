// `npm run image`: builds the container image with docker or buildah, whichever is there.
import { spawnSync } from 'node:child_process';
import packageJson from '../../package.json' with { type: 'json' };
import { projectFolder } from '../program.ts';
import { findEngine } from './engine.ts';
import { buildArguments, ImageBuildError, type Origin, parseImageOptions } from './image-options.ts';

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** The output of git, undefined where there is none: the image can be built from an archive, too. */
function git(...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: projectFolder, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** The time is that of the commit, so that the same commit gives the same labels. */
function readOrigin(): Origin {
  const commit = git('rev-parse', 'HEAD');
  const changed = git('status', '--porcelain') ?? '';
  return {
    version: packageJson.version,
    revision: commit === undefined || changed === '' ? commit : `${commit}-dirty`,
    created: git('show', '--no-patch', '--format=%cI', 'HEAD'),
  };
}

function build(args: readonly string[]): void {
  const options = parseImageOptions(args, packageJson.version);
  const engine = findEngine(options.engine, succeeds);
  const { status, signal } = spawnSync(engine, buildArguments(options, readOrigin()), {
    cwd: projectFolder,
    stdio: 'inherit',
    // The old builder of docker knows no $BUILDPLATFORM.
    env: { ...process.env, DOCKER_BUILDKIT: '1' },
  });
  if (status !== 0) throw new ImageBuildError(`${engine} could not build the image (${signal ?? `status ${status}`})`);
  process.stdout.write(`${options.tag} is built\n`);
}

try {
  build(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ImageBuildError)) throw error;
  process.stderr.write(`npm run image: ${error.message}\n`);
  process.exitCode = 1;
}
