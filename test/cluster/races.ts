/** Pods that are created the moment their account, its role, or its new role is there, and how many of them lack it. */
import { createAccount, roleArn } from './accounts.ts';
import { cluster } from './hooks.ts';
import { inParallel } from './in-parallel.ts';
import { isRecord } from './objects.ts';
import { containerNamed, ourVariables, type Pod, podManifest } from './pods.ts';

/** Pairs at a time. */
const concurrency = 16;
const annotation = 'eks.amazonaws.com/role-arn';
const earlierRoleArn = 'arn:aws:iam::111122223333:role/earlier';

/** What goes before a pod. */
export const races = {
  'account, pod': (namespace: string, name: string) => createAccount(namespace, name, { 'role-arn': roleArn }),
  'account, role, pod': async (namespace: string, name: string) => {
    await createAccount(namespace, name, {});
    await annotate(namespace, name);
  },
  'another role, role, pod': async (namespace: string, name: string) => {
    await createAccount(namespace, name, { 'role-arn': earlierRoleArn });
    await annotate(namespace, name);
  },
} as const;

/** A kind of pair. */
export type Race = keyof typeof races;

/** What became of pods. */
export type RaceResult = {
  /** Admitted without the role of their account. */
  readonly lost: number;
  /** Accounts whose pods were refused, with what the API server said. */
  readonly failed: ReadonlyMap<string, string>;
  readonly seconds: number;
};

/** Returns how many pairs the environment says to run, or so many; `npm run soak:races` sets these two. */
export function pairCount(variable: 'IRSA_TEST_RACE_PAIRS' | 'IRSA_TEST_FAULTY_RACE_PAIRS', usual: number): number {
  return Number(process.env[variable] ?? usual);
}

/** Runs pairs of a kind, 16 at a time; `prepare` may stand in for what goes before the pod. Prints a row of a table. */
export async function runRace(
  namespace: string,
  race: Race,
  { count, prefix, prepare = races[race] }: { count: number; prefix: string; prepare?: (typeof races)[Race] },
): Promise<RaceResult> {
  const failed = new Map<string, string>();
  const startMs = performance.now();
  const pair = (name: string) => async (): Promise<boolean> => {
    await prepare(namespace, name);
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const { status, body } = await cluster().request('POST', pods, podManifest(name));
    if (status !== 201) failed.set(name, isRecord(body) ? String(body['message']) : String(body));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an answer of the API server to the creation of a pod
    return status !== 201 || hasRole(body as Pod);
  };
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${String(index)}`);
  const results = await inParallel(concurrency, names.map(pair));
  const lost = results.filter((isRight) => !isRight).length;
  const seconds = (performance.now() - startMs) / 1000;
  const row = [race, `${String(count)} pairs`, `${String(lost)} lost`, `${String(failed.size)} failed`];
  process.stdout.write(`      | ${row.join(' | ')} | ${seconds.toFixed(1)} s |\n`);
  return { lost, failed, seconds };
}

function hasRole(pod: Pod): boolean {
  return ourVariables(containerNamed(pod, 'app'))['AWS_ROLE_ARN'] === roleArn;
}

async function annotate(namespace: string, name: string): Promise<void> {
  const account = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`;
  await cluster().patch(account, { metadata: { annotations: { [annotation]: roleArn } } });
}
