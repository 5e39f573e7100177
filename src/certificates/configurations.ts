// Reads and writes the caBundles of the webhook configurations that name this webhook.
import { isApiObject, parseApiObject, resourceVersionOf } from '../kubernetes/objects.ts';
import { readRefusal } from '../kubernetes/refusal.ts';
import type { ApiResponse, Transport } from '../kubernetes/transport.ts';
import { type BundleChange, mergeBundle, readBundle } from './ca-bundle.ts';
import type { Bundle } from './rotation.ts';

const timeoutMs = 5_000;
const group = '/apis/admissionregistration.k8s.io/v1';

/** The two kinds of configuration. The validating one is optional, and so is the right to read it. */
export const configurationKinds = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const;

/** Which configuration. */
export type ConfigurationName = { readonly kind: (typeof configurationKinds)[number]; readonly name: string };

/** The bundle of one webhook. */
type Entry = { readonly index: number; readonly name: unknown; readonly caBundle: string };

/** A configuration as it is at the API server. */
export type Configuration = ConfigurationName & {
  readonly resourceVersion: string;
  readonly entries: readonly Entry[];
};

/** All configurations. */
export type ConfigurationsReading = {
  readonly found: readonly Configuration[];
  /** Names that no mutating configuration has. */
  readonly missing: readonly string[];
  /** Those that there is no right to read. */
  readonly forbidden: readonly ConfigurationName[];
};

/** What became of one configuration. */
export type BundleWrite = ConfigurationName & {
  /** Not where it has changed since it was read. */
  readonly isWritten: boolean;
  readonly expiredCount: number;
  readonly unreadableCount: number;
};

/** The configurations. Both reject with one sentence where the API server does not do it. */
export type Configurations = {
  /** Reads all of them live. */
  readonly read: () => Promise<ConfigurationsReading>;
  /** Changes every bundle of those that are given, and nothing else in them; one that is right is left alone. */
  readonly write: (found: readonly Configuration[], change: BundleChange) => Promise<readonly BundleWrite[]>;
};

/** Returns the path of all configurations of a kind. */
export function configurationsPath(kind: ConfigurationName['kind']): string {
  return `${group}/${kind}`;
}

/** Returns what the bundles of configurations hold, one for each webhook. */
export function bundlesOf(found: readonly Configuration[], nowMs: number): Bundle[] {
  return found.flatMap(({ entries }) => entries.map(({ caBundle }) => readBundle(caBundle, nowMs)));
}

/** Returns the configurations of these names, of both kinds. */
export function createConfigurations(api: Pick<Transport, 'get' | 'patch'>, names: readonly string[]): Configurations {
  const targets = names.flatMap((name) => configurationKinds.map((kind) => ({ kind, name })));
  return {
    async read() {
      const results = await Promise.all(
        targets.map(async (target) => {
          const answer = await api.get(pathOf(target), { timeoutMs });
          return { target, reading: readConfiguration(target, answer) };
        }),
      );
      const targetsThatAre = (word: 'forbidden' | 'missing') =>
        results.filter(({ reading }) => reading === word).map(({ target }) => target);
      return {
        found: results.map(({ reading }) => reading).filter((reading) => typeof reading === 'object'),
        missing: targetsThatAre('missing').flatMap(({ kind, name }) => (kind === configurationKinds[0] ? [name] : [])),
        forbidden: targetsThatAre('forbidden'),
      };
    },
    async write(found, change) {
      const writes = found.map(async (configuration) => writeBundles(api, configuration, change));
      return (await Promise.all(writes)).filter((write) => write !== undefined);
    },
  };
}

function pathOf({ kind, name }: ConfigurationName): string {
  return `${configurationsPath(kind)}/${encodeURIComponent(name)}`;
}

function readConfiguration(target: ConfigurationName, answer: ApiResponse): Configuration | 'forbidden' | 'missing' {
  if (answer.status === 404) return 'missing';
  if (answer.status === 403 && target.kind === 'validatingwebhookconfigurations') return 'forbidden';
  const object = answer.status === 200 ? parseApiObject(answer.body) : undefined;
  const resourceVersion = object && resourceVersionOf(object);
  if (object === undefined || resourceVersion === undefined) {
    throw new Error(`Expected the configuration ${target.kind}/${target.name}, got ${readRefusal(answer).message}`);
  }
  const webhooks = Array.isArray(object['webhooks']) ? (object['webhooks'] as unknown[]) : [];
  return { ...target, resourceVersion, entries: webhooks.flatMap(readEntry) };
}

function readEntry(webhook: unknown, index: number): Entry[] {
  if (!isApiObject(webhook) || !isApiObject(webhook['clientConfig'])) return [];
  const { caBundle } = webhook['clientConfig'];
  return [{ index, name: webhook['name'], caBundle: typeof caBundle === 'string' ? caBundle : '' }];
}

async function writeBundles(
  api: Pick<Transport, 'patch'>,
  configuration: Configuration,
  change: BundleChange,
): Promise<BundleWrite | undefined> {
  const { kind, name, resourceVersion, entries } = configuration;
  const merged = entries.map((entry) => ({ entry, bundle: mergeBundle(entry.caBundle, change) }));
  const changed = merged.filter(({ entry, bundle }) => bundle.caBundle !== entry.caBundle);
  if (changed.length === 0) return undefined;
  const patch = [
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    ...changed.flatMap(({ entry, bundle }) => [
      { op: 'test', path: `/webhooks/${String(entry.index)}/name`, value: entry.name },
      // In a JSON Patch this replaces what is there.
      { op: 'add', path: `/webhooks/${String(entry.index)}/clientConfig/caBundle`, value: bundle.caBundle },
    ]),
  ];
  const answer = await api.patch(pathOf(configuration), patch, { timeoutMs });
  // A test that fails is 422, a change that comes in between 409; it may be gone, too.
  const isStale = [404, 409, 422].includes(answer.status) && !isInvalid(answer);
  if (answer.status !== 200 && !isStale) {
    throw new Error(`Expected the configuration ${kind}/${name} to be written, got ${readRefusal(answer).message}`);
  }
  return {
    kind,
    name,
    isWritten: answer.status === 200,
    expiredCount: Math.max(...changed.map(({ bundle }) => bundle.expiredCount)),
    unreadableCount: Math.max(...changed.map(({ bundle }) => bundle.unreadableCount)),
  };
}

/** The API server would not take the object itself: it has this status, too, and would answer so each time. */
function isInvalid({ status, body }: ApiResponse): boolean {
  return status === 422 && parseApiObject(body)?.['reason'] === 'Invalid';
}
