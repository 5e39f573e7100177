// Both base images, made from what this machine has: the pinned Node and the libraries that it needs.
import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Buildah } from './buildah.ts';

const run = promisify(execFile);

export type Bases = { readonly build: string; readonly runtime: string };

/** What the Dockerfile calls while it builds. */
const buildTools = ['sh', 'env', 'chmod', 'install', 'ln', 'sed'];

const bases: Bases = { build: 'localhost/test-base/build', runtime: 'localhost/test-base/runtime' };

/**
 * The runtime base has the layout of the distroless images of Node, but no user of its own, so that the one of the image is
 * the Dockerfile's.
 */
const runtimeRecipe = `
FROM scratch
COPY runtime/ /
COPY --chown=65532:65532 nonroot/ /home/nonroot/
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
ENTRYPOINT ["/nodejs/bin/node"]
`;

/** The build base is the other one with a shell and the tools that the Dockerfile calls. */
const buildRecipe = `
FROM ${bases.runtime}
COPY tools/ /
ENTRYPOINT []
`;

/** Builds both bases in the folder and returns their names. */
export async function makeBases(buildah: Buildah, folder: string): Promise<Bases> {
  await makeRuntimeRoot(join(folder, 'runtime'));
  await makeTools(join(folder, 'tools'));
  await mkdir(join(folder, 'nonroot'), { mode: 0o700 });
  for (const [tag, recipe] of [
    [bases.runtime, runtimeRecipe],
    [bases.build, buildRecipe],
  ] as const) {
    const file = join(folder, 'Recipe');
    await writeFile(file, recipe);
    await buildah.run('build', '--quiet', `--file=${file}`, `--tag=${tag}`, folder);
  }
  return bases;
}

async function makeRuntimeRoot(root: string): Promise<void> {
  for (const name of ['dev', 'home', 'proc', 'sys', 'tmp']) await mkdir(join(root, name), { recursive: true });
  await chmod(join(root, 'tmp'), 0o1777);
  await copyProgram(process.execPath, join(root, 'nodejs/bin/node'), root);
  await mkdir(join(root, 'etc/ssl/certs'), { recursive: true });
  await copyFile('/etc/ssl/certs/ca-certificates.crt', join(root, 'etc/ssl/certs/ca-certificates.crt'));
  await cp('/usr/share/zoneinfo', join(root, 'usr/share/zoneinfo'), { recursive: true });
  await writeFile(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  );
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n');
}

async function makeTools(root: string): Promise<void> {
  await mkdir(join(root, 'usr/local/bin'), { recursive: true });
  await symlink('/nodejs/bin/node', join(root, 'usr/local/bin/node'));
  for (const name of buildTools) {
    const { stdout } = await run('/bin/sh', ['-c', 'command -v "$1"', 'sh', name]);
    await copyProgram(stdout.trim(), join(root, name === 'env' ? 'usr/bin' : 'bin', name), root);
  }
}

/** Copies a program, and each library that it is linked with to the path where the loader looks for it. */
async function copyProgram(program: string, target: string, root: string): Promise<void> {
  await copyInto(await realpath(program), target);
  const { stdout } = await run('ldd', [program]);
  for (const [, library = ''] of stdout.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x/gm)) {
    await copyInto(await realpath(library), join(root, library));
  }
}

async function copyInto(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await copyFile(source, target);
}
