// Opens the source of accounts that the flags name: files, or the API server.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClusterLookup } from '../accounts/cluster.ts';
import { createConfigMapReader, type ReadConfigMaps } from '../accounts/config-maps.ts';
import { createContainerCredentialsFile } from '../accounts/container-credentials-file.ts';
import { withContainerCredentials } from '../accounts/container-credentials-lookup.ts';
import type { KnownPromises } from '../accounts/known-promises.ts';
import type { Lookup } from '../accounts/lookup.ts';
import type { Accounts } from '../accounts/manifest.ts';
import type { ReadNamespaceOptOut } from '../accounts/namespaces.ts';
import { withRoleMap } from '../accounts/role-map-lookup.ts';
import { withRoleOwner } from '../accounts/role-owner-lookup.ts';
import { type IdentityDefaults, parseIdentity } from '../identity/identity.ts';
import type { RoleMap } from '../identity/role-map.ts';
import { createEventWriter } from '../kubernetes/events.ts';
import { createTransport } from '../kubernetes/transport.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import { connectByFlags } from './api-server.ts';
import { UsageError } from './flag-values.ts';
import type { FlagValues, serveFlags } from './flags.ts';
import { followAccounts } from './follow-accounts.ts';
import { followNamespaces } from './namespaces.ts';
import { letOldGenerationGrow } from './old-generation.ts';
import { followRoleMap } from './role-map.ts';
import { followRoleOwner, type RoleOwnerSource } from './role-owner.ts';
import { accountDefaults, liveLookups, roleOwnerOf } from './settings.ts';

/** Where the promises come from while the process serves. */
export type AccountSource = {
  readonly lookup: Lookup;
  /** Returns why no account can be read yet, or undefined. */
  readonly notReady: () => string | undefined;
  readonly close: () => void;
  /** Only with `--watch-namespaces`. */
  readonly readNamespaceOptOut?: ReadNamespaceOptOut;
  /** Only with `--respect-env-from`. */
  readonly readConfigMaps?: ReadConfigMaps;
  /** Only where all accounts are known. */
  readonly accounts?: () => Accounts;
  /** What is known without asking anybody. */
  readonly known: () => KnownPromises;
};

/** What opening a source needs besides the flags. */
export type AccountSourceContext = {
  readonly version: string;
  readonly environment: { readonly [name: string]: string | undefined };
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'addAccounts' | 'countRoleMap'>;
};

type ServeFlags = FlagValues<typeof serveFlags>;

/**
 * Returns the source: the accounts themselves, behind them the role map, before both the list of container credentials.
 * Rejects where the files cannot be read, nothing says where the API server is, or flags contradict each other.
 */
export async function openAccountSource(flags: ServeFlags, context: AccountSourceContext): Promise<AccountSource> {
  const defaults = accountDefaults(flags);
  const path = flags['service-accounts'];
  for (const flag of ['watch-config-map', 'respect-env-from', 'watch-namespaces'] as const) {
    if (path === '' || !flags[flag]) continue;
    throw new UsageError(`--${flag} needs a cluster, and --service-accounts serves without one`);
  }
  const roleOwner = defaults.roleOwner === 'later' ? await openRoleOwner(flags, context) : undefined;
  const parts: SourceParts = { flags, defaults, roleOwner, context };
  const source = await openAccounts(parts).catch((error: unknown) => {
    roleOwner?.close();
    throw error;
  });
  const credentialsPath = flags['watch-container-credentials-config'];
  return credentialsPath === '' ? source : withCredentialsFile(source, credentialsPath, context.log);
}

const nothingKnown: KnownPromises = { accounts: [], roleMap: undefined, containerCredentials: new Map() };

type SourceParts = {
  readonly flags: ServeFlags;
  readonly defaults: IdentityDefaults;
  /** Only where roles may be named without an ARN and no flag says whose they are. */
  readonly roleOwner: RoleOwnerSource | undefined;
  readonly context: AccountSourceContext;
};

async function openAccounts(parts: SourceParts): Promise<OpenSource> {
  const { roleOwner } = parts;
  const source = parts.flags['service-accounts'] === '' ? await openCluster(parts) : await openFiles(parts);
  const close = (): void => {
    roleOwner?.close();
    source.close();
  };
  return { ...source, close };
}

/** Asks for the owner for the first time before any port is open, so that the first review meets it. */
async function openRoleOwner(flags: ServeFlags, { environment, log }: AccountSourceContext): Promise<RoleOwnerSource> {
  const roleOwner = followRoleOwner({
    environment,
    ownerOf: (identity) => roleOwnerOf(identity, flags),
    now,
    random: Math.random,
    wait,
    log,
  });
  await roleOwner.firstTry;
  return roleOwner;
}

/** Completes roles by their names, where there may be any, before the role map is asked; container credentials need none. */
function completeRoles(accounts: Lookup, { roleOwner }: SourceParts): Lookup {
  return roleOwner ? withRoleOwner({ accounts, owner: roleOwner.owner }) : accounts;
}

async function withCredentialsFile(source: OpenSource, path: string, log: Log): Promise<AccountSource> {
  const file = await createContainerCredentialsFile(path, (reading) => {
    if ('error' in reading) {
      log.error({ path, error: reading.error.message }, 'container credentials not reloaded; the last good list stays');
    } else {
      log.info({ path, namespaces: reading.accounts.size }, 'container credentials loaded');
    }
  });
  const { ownAnnotations, roleMap } = source;
  return {
    ...source,
    lookup: withContainerCredentials({
      listed: file.listed,
      accounts: ownAnnotations,
      roleMap,
      otherwise: source.lookup,
    }),
    known: () => ({ ...source.known(), containerCredentials: file.listed() }),
    close: () => {
      file.close();
      source.close();
    },
  };
}

/** A source, and what container credentials go by in it. */
type OpenSource = AccountSource & { readonly ownAnnotations: Lookup; readonly roleMap: () => RoleMap | undefined };

async function openFiles(parts: SourceParts): Promise<OpenSource> {
  const { flags, defaults } = parts;
  const { log } = parts.context;
  const path = flags['service-accounts'];
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
  return {
    ...files,
    lookup: completeRoles(files.lookup, parts),
    ownAnnotations: files.lookup,
    roleMap: () => undefined,
    notReady: () => undefined,
    known: () => ({ ...nothingKnown, accounts: files.accounts() }),
  };
}

async function openCluster(parts: SourceParts): Promise<OpenSource> {
  const { flags, defaults } = parts;
  const { version, environment, log, metrics } = parts.context;
  const { annotationPrefix } = defaults;
  const connection = await connectByFlags(flags, environment);
  const api = createTransport(connection, { version });
  const followed = followAccounts({
    api,
    parse: (annotations) => parseIdentity(annotations, defaults),
    annotationPrefix,
    read: createClusterLookup({ api, defaults, now }),
    mode: liveLookups(flags),
    now,
    wait,
    log,
    metrics,
    onListing: (isListing) => {
      letOldGenerationGrow(!isListing);
    },
  });
  const writeEvent = createEventWriter({
    api,
    component: 'irsa-webhook',
    // In a pod its name.
    instance: environment['HOSTNAME'] ?? '',
    now: () => new Date(),
    unique: randomUUID,
  });
  const roleMap = flags['watch-config-map']
    ? followRoleMap({ api, namespace: flags.namespace, defaults, now, wait, log, metrics, writeEvent })
    : undefined;
  const namespaces = flags['watch-namespaces']
    ? followNamespaces({ api, annotationPrefix, now, wait, log })
    : undefined;
  const accounts = completeRoles(followed.lookup, parts);
  return {
    lookup: roleMap ? withRoleMap(accounts, roleMap.roleMap) : accounts,
    ownAnnotations: followed.lookup,
    roleMap: () => roleMap?.roleMap(),
    ...(namespaces && { readNamespaceOptOut: namespaces.readOptOut }),
    ...(flags['respect-env-from'] && { readConfigMaps: createConfigMapReader({ api, now }) }),
    known: () => ({ ...nothingKnown, accounts: followed.entries(), roleMap: roleMap?.roleMap() }),
    notReady: () => followed.notReady() ?? roleMap?.notReady() ?? namespaces?.notReady(),
    close: () => {
      void followed.stop();
      void roleMap?.stop();
      void namespaces?.stop();
      api.close();
    },
  };
}

function now(): number {
  return performance.now();
}

async function wait(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal, ref: false }).catch(() => undefined);
}
