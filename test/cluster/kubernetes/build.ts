/** Builds etcd, the Kubernetes control plane and kubectl from the pinned Go modules into the user's cache. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { withProgress } from './progress.ts';
import type { BinaryName, Release } from './release.ts';
import { binaryNames, binaryPackages, moduleDirectory, readRelease } from './release.ts';

/** No build takes a day, so an unfinished folder of that age belongs to nobody. */
const abandonedAfterMs = 24 * 3_600_000;

/** A cause that is told in one sentence, without a stack. */
class BuildError extends Error {
  readonly code = 'ERR_KUBERNETES_BUILD';
}

async function main(): Promise<void> {
  const release = readRelease(process.env);
  if (isComplete(release.directory)) {
    process.stdout.write(`Kubernetes ${release.kubernetesVersion} is there already: ${release.directory}\n`);
    return;
  }
  requireGo(release);
  await buildRelease(release);
  process.stdout.write(`Kubernetes ${release.kubernetesVersion} is built: ${release.directory}\n`);
}

function isComplete(directory: string): boolean {
  return binaryNames.every((name) => existsSync(path.join(directory, name)));
}

/** Go itself refuses or fetches a toolchain as its GOTOOLCHAIN says; asked inside the module, it answers what it would use. */
function requireGo({ goVersion, kubernetesVersion }: Release): void {
  const answer = spawnSync('go', ['env', 'GOVERSION'], { cwd: moduleDirectory, encoding: 'utf8' });
  const got = answer.error === undefined ? (answer.stdout || answer.stderr).trim() : 'no `go` command on the PATH';
  const found = /^go(\d+)\.(\d+)/.exec(got);
  const needed = /^(\d+)\.(\d+)/.exec(goVersion);
  if (found !== null && needed !== null && !isOlder(found, needed)) return;
  throw new BuildError(
    `Expected Go ${goVersion} or newer to build Kubernetes ${kubernetesVersion}, got ${got}: install Go, ` +
      'or set KUBEBUILDER_ASSETS to a folder that holds etcd, kube-apiserver and kube-controller-manager.',
  );
}

function isOlder(found: RegExpExecArray, needed: RegExpExecArray): boolean {
  const [major, neededMajor] = [Number(found[1]), Number(needed[1])];
  return major === neededMajor ? Number(found[2]) < Number(needed[2]) : major < neededMajor;
}

/** Builds beside the final folder and renames at the end, so that an interrupted build leaves no half of a release. */
async function buildRelease(release: Release): Promise<void> {
  await mkdir(path.dirname(release.directory), { recursive: true });
  await removeAbandoned(release.directory);
  const unfinished = await mkdtemp(unfinishedPrefix(release.directory));
  try {
    for (const name of binaryNames) {
      await withProgress(`Building ${name} (${release.kubernetesVersion})`, () =>
        buildBinary(name, path.join(unfinished, name), release),
      );
    }
    // A folder that somebody took a binary from would be in the way of the rename for ever.
    if (!isComplete(release.directory)) await rm(release.directory, { recursive: true, force: true });
    await rename(unfinished, release.directory).catch((error: unknown) => {
      // Another build of the same pins was faster: its binaries are as good as ours.
      if (!isComplete(release.directory)) throw error;
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

async function buildBinary(name: BinaryName, target: string, { kubernetesVersion }: Release): Promise<void> {
  // Unstamped, the API server calls itself v0.0.0 and rejects --emulated-version.
  const linkerFlags = `-s -w -X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`;
  const child = spawn('go', ['build', '-trimpath', '-ldflags', linkerFlags, '-o', target, binaryPackages[name]], {
    cwd: moduleDirectory,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const end = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => resolve(signal ?? `exit code ${exitCode}`));
  });
  if (end !== 'exit code 0')
    throw new BuildError(`Expected \`go build\` of ${name} to succeed, got ${end}: see above.`);
}

// Ctrl-C reaches `go` as well, whose failure then leads through the `finally` that removes the unfinished folder.
process.once('SIGINT', () => undefined);

try {
  await main();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
