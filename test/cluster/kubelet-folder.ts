/** A folder that holds a serving pair as the kubelet mounts a Secret: files that link through `..data`. */
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Contents of the two files; one that is not given is not there. */
export type MountedPair = { readonly cert?: string; readonly key?: string };

/** Such a folder. */
export type KubeletFolder = {
  readonly certPath: string;
  readonly keyPath: string;
  /** Puts other contents in the place of the present ones, in one step; the old ones are removed. */
  readonly swap: (pair: MountedPair) => Promise<void>;
};

/** Creates the folder; it holds the pair from the first moment. */
export async function createKubeletFolder(folder: string, pair: MountedPair): Promise<KubeletFolder> {
  let generation = 0;
  const swap: KubeletFolder['swap'] = async ({ cert, key }) => {
    const previous = `..${String(generation)}`;
    generation += 1;
    const next = `..${String(generation)}`;
    await mkdir(path.join(folder, next), { recursive: true });
    if (cert !== undefined) await writeFile(path.join(folder, next, 'tls.crt'), cert);
    if (key !== undefined) await writeFile(path.join(folder, next, 'tls.key'), key);
    await symlink(next, path.join(folder, '..data_tmp'));
    await rename(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
    await rm(path.join(folder, previous), { recursive: true, force: true });
  };
  await swap(pair);
  const certPath = path.join(folder, 'tls.crt');
  const keyPath = path.join(folder, 'tls.key');
  await symlink('..data/tls.crt', certPath);
  await symlink('..data/tls.key', keyPath);
  return { certPath, keyPath, swap };
}
