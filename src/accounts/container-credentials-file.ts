// Follows the config file of container credentials.
import { readFile } from 'node:fs/promises';
import { watchFiles } from '../files/watch.ts';
import { type ContainerCredentialsAccounts, parseContainerCredentials } from '../identity/container-credentials.ts';

/** How a reading went: what counts from now on, or why the last good content stays. */
export type Reading = { readonly accounts: ContainerCredentialsAccounts } | { readonly error: Error };

/** A config file that is followed. */
export type ContainerCredentialsFile = {
  /** What the file listed when it was last good. */
  readonly listed: () => ContainerCredentialsAccounts;
  readonly close: () => void;
};

/**
 * Returns what the file lists, read now and whenever it changes. A file that is not there lists nothing (the Go
 * webhook's, pkg/filesystem/file_watcher.go); one that cannot be used keeps the last good content, at the start none,
 * and `onReading` says so each time. Never rejects.
 */
export async function createContainerCredentialsFile(
  path: string,
  onReading: (reading: Reading) => void,
): Promise<ContainerCredentialsFile> {
  let accounts: ContainerCredentialsAccounts = new Map();
  const read = async (): Promise<void> => {
    try {
      accounts = parseContainerCredentials(await readText(path));
      onReading({ accounts });
    } catch (error) {
      onReading({ error: error instanceof Error ? error : new Error(String(error)) });
    }
  };
  // The watch comes first, so that no change between the two is missed.
  const watch = watchFiles([path], read);
  await read();
  return {
    listed: () => accounts,
    close: () => {
      watch.close();
    },
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
