// Opens the source of accounts that the flags name: files, or the API server.
import { setTimeout as sleep } from 'node:timers/promises';
import { createClusterLookup } from '../accounts/cluster.ts';
import { waitForFirstRead } from '../accounts/first-read.ts';
import type { Lookup } from '../accounts/lookup.ts';
import type { Accounts } from '../accounts/manifest.ts';
import type { IdentityDefaults } from '../identity/identity.ts';
import { connect } from '../kubernetes/connect.ts';
import { createTransport } from '../kubernetes/transport.ts';
import type { Log } from '../observability/log.ts';
import type { FlagValues, serveFlags } from './flags.ts';
import { identityDefaults } from './settings.ts';

/** Where the promises come from while the process serves. */
export type AccountSource = {
  readonly lookup: Lookup;
  /** Returns why no account can be read yet, or undefined. */
  readonly notReady: () => string | undefined;
  readonly close: () => void;
  /** Only where all accounts are known. */
  readonly accounts?: () => Accounts;
};

/** What opening a source needs besides the flags. */
export type AccountSourceContext = {
  readonly version: string;
  readonly environment: { readonly [name: string]: string | undefined };
  readonly log: Log;
};

type ServeFlags = FlagValues<typeof serveFlags>;

/** Returns the source. Rejects where the files cannot be read, or nothing says where the API server is. */
export async function openAccountSource(flags: ServeFlags, context: AccountSourceContext): Promise<AccountSource> {
  const defaults = identityDefaults(flags);
  const path = flags['service-accounts'];
  return path === '' ? openCluster(flags, defaults, context) : openFiles(path, defaults, context.log);
}

async function openFiles(path: string, defaults: IdentityDefaults, log: Log): Promise<AccountSource> {
  // Loaded here only: a replica in a cluster has no use for a YAML parser.
  const { createFileAccounts } = await import('../accounts/files.ts');
  const files = await createFileAccounts({
    path,
    defaults,
    onReload: (reload) => {
      if ('error' in reload) {
        log.error({ path, error: reload.error.message }, 'accounts not reloaded; the last good ones stay');
      } else {
        log.info({ path, accounts: reload.accounts.size }, 'accounts reloaded');
      }
    },
  });
  return { ...files, notReady: () => undefined };
}

async function openCluster(
  flags: ServeFlags,
  defaults: IdentityDefaults,
  { version, environment, log }: AccountSourceContext,
): Promise<AccountSource> {
  const connection = await connect({
    kubeconfigPath: flags.kubeconfig,
    apiServerUrl: flags['kube-api'],
    serviceHost: environment['KUBERNETES_SERVICE_HOST'],
    servicePort: environment['KUBERNETES_SERVICE_PORT'],
  });
  const transport = createTransport(connection, { version });
  const closed = new AbortController();
  let notReady: string | undefined = 'service accounts have not been read yet';
  const becomeReady = async (): Promise<void> => {
    const read = await waitForFirstRead({
      api: transport,
      wait: (delayMs, signal) => sleep(delayMs, undefined, { signal, ref: false }).catch(() => undefined),
      onFailure: (message) => {
        notReady = `service accounts cannot be read: ${message}`;
        log.warn({ error: message }, 'service accounts cannot be read');
      },
      signal: closed.signal,
    });
    if (!read) return;
    notReady = undefined;
    log.info({}, 'service accounts can be read; ready');
  };
  void becomeReady();
  return {
    lookup: createClusterLookup({ api: transport, defaults, now: () => performance.now() }),
    notReady: () => notReady,
    close: () => {
      closed.abort();
      transport.close();
    },
  };
}
