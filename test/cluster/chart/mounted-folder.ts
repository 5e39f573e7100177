/** A folder whose files are swapped all at once, as the kubelet mounts a Secret or a ConfigMap: they link through `..data`. */
import { mkdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Contents by file names. */
export type MountedFiles = ReadonlyMap<string, Buffer>;

/** Puts these files in the place of those that are in the folder, which need not exist yet. */
export async function swapFiles(folder: string, files: MountedFiles): Promise<void> {
  const previous = await readlink(path.join(folder, '..data')).catch(() => undefined);
  const next = `..${String(Number(previous?.slice(2) ?? 0) + 1)}`;
  await mkdir(path.join(folder, next), { recursive: true });
  for (const [name, content] of files) {
    await writeFile(path.join(folder, next, name), content, { mode: 0o600 });
  }
  await symlink(next, path.join(folder, '..data_tmp'));
  await rename(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
  for (const name of files.keys()) {
    await symlink(path.join('..data', name), path.join(folder, name)).catch(ignoreExisting);
  }
  if (previous !== undefined) await rm(path.join(folder, previous), { recursive: true, force: true });
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}
