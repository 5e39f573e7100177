// Asks the API server itself, by a dry run, whether a pod of an account with a role comes back injected.
import { setTimeout as sleep } from 'node:timers/promises';
import { canExist, createClusterLookup } from '../accounts/cluster.ts';
import { createTransport } from '../kubernetes/transport.ts';
import { connectByFlags } from './api-server.ts';
import { UsageError } from './flag-values.ts';
import type { FlagValues, selftestFlags } from './flags.ts';
import { formatReport } from './selftest/report.ts';
import { runSelftest } from './selftest/run.ts';
import { identityDefaults, injectionSettings } from './settings.ts';

/** What the process gives the command. */
export type SelftestContext = {
  readonly version: string;
  readonly environment: { readonly [name: string]: string | undefined };
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  readonly stop: AbortSignal;
};

/**
 * Prints what was checked and what was found. Rejects with a UsageError, with a KubernetesError where nothing says how to
 * reach an API server, and with a SelftestError where the pod does not come back injected in time.
 */
export async function selftest(flags: FlagValues<typeof selftestFlags>, context: SelftestContext): Promise<void> {
  const { namespace, image, 'service-account': serviceAccountName } = flags;
  const { environment, version, stop, print, printError } = context;
  requireNames({ namespace, name: serviceAccountName });
  const connection = await connectByFlags(flags, environment);
  const api = createTransport(connection, { version });
  try {
    const { pod, error } = await runSelftest({
      namespace,
      serviceAccountName,
      image,
      settings: injectionSettings(flags),
      timeoutMs: flags.timeout,
      lookup: createClusterLookup({ api, defaults: { ...identityDefaults(flags), roleOwner: 'later' }, now }),
      createPod: (body, timeoutMs) =>
        api.post(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, body, { timeoutMs, signal: stop }),
      now,
      wait,
      stop,
      onProgress: (line) => {
        printError(`irsa-webhook: ${line}\n`);
      },
    });
    print(formatReport(pod));
    if (error !== undefined) throw error;
  } finally {
    api.close();
  }
}

/** Any other name would lead the path of a request astray. */
function requireNames(account: { readonly namespace: string; readonly name: string }): void {
  if (account.name === '') {
    throw new UsageError('selftest needs a service account that has a role: --service-account NAME');
  }
  if (canExist(account)) return;
  const got = `${JSON.stringify(account.namespace)} and ${JSON.stringify(account.name)}`;
  throw new UsageError(`--namespace and --service-account: expected names of objects of the API, got ${got}`);
}

function now(): number {
  return performance.now();
}

async function wait(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch(() => undefined);
}
