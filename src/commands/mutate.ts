// Shows the decision without a cluster: manifests or a review in, what the pods would get out.
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { readAccounts } from '../accounts/files.ts';
import type { Deadline } from '../accounts/lookup.ts';
import { ManifestError, parseAccounts, parseObjects } from '../accounts/manifest.ts';
import { outcomeSentences } from '../admission/outcomes.ts';
import type { Decision } from '../admission/decision.ts';
import { createPodReview, podNames } from '../admission/pods.ts';
import { parseReview, ReviewError, type ReviewRequest } from '../admission/review.ts';
import { accountKey } from '../identity/account-ref.ts';
import { asObject, type JsonObject } from '../identity/json.ts';
import { UsageError } from './flag-values.ts';
import type { FlagValues, mutateFlags } from './flags.ts';
import { isOutputForm, type MutatedObject, outputForms, renderObjects } from './render-objects.ts';
import { identityDefaults, injectionSettings } from './settings.ts';
import { findPod, namespaceOf, serviceAccountNameOf, titleOf } from './workloads.ts';

/** What the process gives the command. */
export type MutateContext = {
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  readonly standardInput: NodeJS.ReadableStream;
  /** Whether a person's terminal shows the output. */
  readonly colours: boolean;
};

type MutateFlags = FlagValues<typeof mutateFlags>;

/** Nothing that is read from files has to wait. */
const noDeadline: Deadline = { atMs: Number.POSITIVE_INFINITY, callerGone: () => new AbortController().signal };

/**
 * Prints the objects with their pods mutated, in the form that was asked for, and to the error output a line a pod:
 * what was decided and why. Rejects with a UsageError, or with a {@link ManifestError} where the input is no manifest.
 */
export async function mutate(flags: MutateFlags, context: MutateContext): Promise<void> {
  const { filename, output } = flags;
  if (filename === '') throw new UsageError('mutate needs a manifest: -f FILE, or -f - for standard input');
  if (!isOutputForm(output)) {
    throw new UsageError(`--output: expected ${outputForms.join(', ')}, got ${JSON.stringify(output)}`);
  }

  const source = filename === '-' ? 'standard input' : filename;
  const manifest = await readManifest(filename, context.standardInput);
  const defaults = identityDefaults(flags);
  const accounts = new Map(parseAccounts(manifest, source, defaults, flags.namespace));
  if (flags['service-accounts'] !== '') {
    const more = await readAccounts({
      path: flags['service-accounts'],
      defaults,
      defaultNamespace: flags.namespace,
    });
    for (const [key, promise] of more) accounts.set(key, promise);
  }
  const reviewPod = createPodReview({
    lookup: (account) =>
      accounts.get(accountKey(account)) ?? {
        kind: 'none',
        reason: 'service_account_not_found',
        warnings: [],
      },
    settings: injectionSettings(flags),
  });

  const objects: MutatedObject[] = [];
  for (const read of parseObjects(manifest, source)) {
    const { object, podPath, request } =
      read['kind'] === 'AdmissionReview' ? questionOfReview(read, source) : questionOfObject(read, flags.namespace);
    const decision = request && (await reviewPod(request, noDeadline));
    objects.push({ object, decision, podPath });
    if (request && decision) context.printError(describe(object, request, decision));
  }
  if (objects.length === 0) throw new ManifestError(`${source}: expected at least one object, got none`);
  context.print(renderObjects(objects, output, context.colours));
}

/** What is to be decided, of which object; nothing where there is no pod in it. */
type Question = Pick<MutatedObject, 'object' | 'podPath'> & { readonly request: ReviewRequest | undefined };

/** The object and its namespace are taken as the API server would fill them in before it asks a webhook. */
function questionOfObject(object: JsonObject, defaultNamespace: string): Question {
  const place = findPod(object);
  if (place === undefined) return { object, podPath: [], request: undefined };
  const { path, pod } = place;
  const serviceAccountName = serviceAccountNameOf(pod);
  const request: ReviewRequest = {
    apiVersion: 'admission.k8s.io/v1',
    uid: 'offline',
    operation: 'CREATE',
    kind: '/v1/Pod',
    subResource: '',
    namespace: namespaceOf(object, defaultNamespace),
    dryRun: true,
    object: { ...pod, spec: { ...asObject(pod['spec']), serviceAccountName } },
    oldObject: null,
  };
  return { object, podPath: path, request };
}

/** A review is decided exactly as it stands; what is shown is its pod. */
function questionOfReview(review: JsonObject, source: string): Question {
  try {
    const request = parseReview(JSON.stringify(review));
    return { object: asObject(request.object) ?? review, podPath: [], request };
  } catch (cause) {
    if (!(cause instanceof ReviewError)) throw cause;
    throw new ManifestError(`${source}: ${cause.message}`, { cause });
  }
}

function describe(object: JsonObject, request: ReviewRequest, decision: Decision): string {
  const { account: name = '' } = podNames(request.object);
  const account = `Service account: ${request.namespace}/${name}.`;
  const warnings = decision.kind === 'answer' ? decision.warnings : [];
  return [
    `${titleOf(object)}: ${decision.outcome}. ${outcomeSentences[decision.outcome]} ${account}`,
    ...warnings.map((warning) => `  Warning: ${warning}`),
    '',
  ].join('\n');
}

async function readManifest(filename: string, standardInput: NodeJS.ReadableStream): Promise<string> {
  if (filename === '-') return text(standardInput);
  try {
    return await readFile(filename, 'utf8');
  } catch (cause) {
    throw new ManifestError(`cannot read ${filename}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
