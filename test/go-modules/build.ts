/** Builds the binaries of a pinned Go module into the user's cache, once. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { withProgress } from './progress.ts';

export type GoBuild = {
  /** What comes out, with its version, for example `Kubernetes v1.36.3`. */
  readonly label: string;
  /** The folder of go.mod and go.sum. */
  readonly moduleDirectory: string;
  /** The oldest Go that builds it, for example `1.26.0`. */
  readonly goVersion: string;
  /** Where the binaries go; it need not exist. */
  readonly directory: string;
  /** In the order in which they are built. */
  readonly binaries: readonly GoBinary[];
  /** What somebody without Go can do, in the imperative. */
  readonly withoutGo: string;
};

export type GoBinary = {
  readonly name: string;
  /** The Go package that makes it. */
  readonly packagePath: string;
  /** For `go build -ldflags`, beside `-s -w`; empty for none. */
  readonly linkerFlags: string;
};

/** No build takes a day, so an unfinished folder of that age belongs to nobody. */
const abandonedAfterMs = 24 * 3_600_000;

/** A cause that is told in one sentence, without a stack. */
class BuildError extends Error {
  readonly code = 'ERR_GO_BUILD';
}

/** Makes sure that all binaries are there and says so on stdout. A failure is said on stderr and ends in exit code 1. */
export async function runBuild(build: GoBuild): Promise<void> {
  // Ctrl-C reaches `go` as well, whose failure then leads through the `finally` that removes the unfinished folder.
  process.once('SIGINT', () => undefined);
  try {
    await ensureBuilt(build);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

async function ensureBuilt(build: GoBuild): Promise<void> {
  if (isComplete(build)) {
    process.stdout.write(`${build.directory} has ${build.label} already\n`);
    return;
  }
  requireGo(build);
  await buildAll(build);
  process.stdout.write(`${build.directory} has ${build.label} now\n`);
}

function isComplete({ directory, binaries }: GoBuild): boolean {
  return binaries.every(({ name }) => existsSync(path.join(directory, name)));
}

/** Go itself refuses or fetches a toolchain as its GOTOOLCHAIN says; asked inside the module, it answers what it would use. */
function requireGo({ goVersion, label, moduleDirectory, withoutGo }: GoBuild): void {
  const answer = spawnSync('go', ['env', 'GOVERSION'], { cwd: moduleDirectory, encoding: 'utf8' });
  const got = answer.error === undefined ? (answer.stdout || answer.stderr).trim() : 'no `go` command on the PATH';
  const found = /^go(\d+)\.(\d+)/.exec(got);
  const needed = /^(\d+)\.(\d+)/.exec(goVersion);
  if (found !== null && needed !== null && !isOlder(found, needed)) return;
  throw new BuildError(`Expected Go ${goVersion} or newer to build ${label}, got ${got}: install Go, or ${withoutGo}.`);
}

function isOlder(found: RegExpExecArray, needed: RegExpExecArray): boolean {
  const [major, neededMajor] = [Number(found[1]), Number(needed[1])];
  return major === neededMajor ? Number(found[2]) < Number(needed[2]) : major < neededMajor;
}

/** Builds beside the final folder and renames at the end, so that an interrupted build leaves no half of it. */
async function buildAll(build: GoBuild): Promise<void> {
  await mkdir(path.dirname(build.directory), { recursive: true });
  await removeAbandoned(build.directory);
  const unfinished = await mkdtemp(unfinishedPrefix(build.directory));
  try {
    for (const binary of build.binaries) {
      await withProgress(`Building ${binary.name} (${build.label})`, () =>
        buildBinary(binary, path.join(unfinished, binary.name), build.moduleDirectory),
      );
    }
    // A folder that somebody took a binary from would be in the way of the rename for ever.
    if (!isComplete(build)) await rm(build.directory, { recursive: true, force: true });
    await rename(unfinished, build.directory).catch((error: unknown) => {
      // Another build of the same pins was faster: its binaries are as good as ours.
      if (!isComplete(build)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

function unfinishedPrefix(directory: string): string {
  return `${directory}.building-`;
}

async function removeAbandoned(directory: string): Promise<void> {
  const parent = path.dirname(directory);
  const prefix = path.basename(unfinishedPrefix(directory));
  for (const name of await readdir(parent)) {
    const candidate = path.join(parent, name);
    if (!name.startsWith(prefix)) continue;
    const { mtimeMs } = await stat(candidate);
    if (Date.now() - mtimeMs > abandonedAfterMs) await rm(candidate, { recursive: true, force: true });
  }
}

async function buildBinary(binary: GoBinary, target: string, moduleDirectory: string): Promise<void> {
  const linkerFlags = `-s -w ${binary.linkerFlags}`.trimEnd();
  const child = spawn('go', ['build', '-trimpath', '-ldflags', linkerFlags, '-o', target, binary.packagePath], {
    cwd: moduleDirectory,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const end = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => resolve(signal ?? `exit code ${exitCode}`));
  });
  if (end !== 'exit code 0')
    throw new BuildError(`Expected \`go build\` of ${binary.name} to succeed, got ${end}: see above.`);
}
