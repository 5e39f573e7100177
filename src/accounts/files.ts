// Accounts from a file or a folder of manifests: for a laptop, a test, a decision without a cluster.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { watchFiles } from '../files/watch.ts';
import { accountKey } from '../identity/account-ref.ts';
import type { IdentityDefaults } from '../identity/identity.ts';
import type { Lookup } from './lookup.ts';
import { type AccountPromise, type Accounts, ManifestError, parseAccounts } from './manifest.ts';

/** What a file source needs. */
export type FileAccountsOptions = {
  /** A file, or a folder whose .yaml, .yml and .json files count. */
  readonly path: string;
  readonly defaults: IdentityDefaults;
  /** Of accounts that name none; `default` where it is not given. */
  readonly defaultNamespace?: string;
};

/** How a reload went: what is served from now on, or why the last good content stays. */
export type Reload = { readonly accounts: Accounts } | { readonly error: Error };

/** Accounts that follow their files. */
export type FileAccounts = {
  readonly lookup: Lookup;
  /** What is served now. */
  readonly accounts: () => Accounts;
  readonly close: () => void;
};

/** Returns what the files say now. Rejects with a {@link ManifestError} where one cannot be read. */
export async function readAccounts({ path, defaults, defaultNamespace }: FileAccountsOptions): Promise<Accounts> {
  const accounts = new Map<string, AccountPromise>();
  for (const file of await listFiles(path)) {
    const inFile = parseAccounts(await read(file), file, defaults, defaultNamespace);
    for (const [key, promise] of inFile) accounts.set(key, promise);
  }
  return accounts;
}

/**
 * Returns accounts that are read now and again whenever the files change. The first reading rejects with a
 * {@link ManifestError}; a later one that fails keeps the last good content, and `onReload` says so.
 */
export async function createFileAccounts(
  options: FileAccountsOptions & { readonly onReload: (reload: Reload) => void },
): Promise<FileAccounts> {
  let accounts: Accounts = new Map();
  const reload = async (): Promise<void> => {
    try {
      accounts = await readAccounts(options);
      options.onReload({ accounts });
    } catch (error) {
      options.onReload({ error: error instanceof Error ? error : new Error(String(error)) });
    }
  };
  // The watch comes first, so that no change between the two is missed.
  const watch = watchFiles([options.path], reload);
  try {
    accounts = await readAccounts(options);
  } catch (error) {
    watch.close();
    throw error;
  }
  return {
    lookup: (account) =>
      accounts.get(accountKey(account)) ?? {
        kind: 'none',
        reason: 'service_account_not_found',
        warnings: [],
      },
    accounts: () => accounts,
    close: () => {
      watch.close();
    },
  };
}

async function listFiles(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    // In order of their names, as `kubectl apply -f` takes them.
    const names = (await readdir(path)).toSorted();
    return names.filter((name) => /^[^.].*\.(ya?ml|json)$/.test(name)).map((name) => join(path, name));
  } catch (cause) {
    throw new ManifestError(`cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ManifestError(`cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
