/** Creates pods all the time, and counts what became of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cluster } from './hooks.ts';
import { isInjected, podManifest } from './pods.ts';

/** How many at a time: so many a second one by one, and once a second so many at once. */
export type PodRate = { readonly perSecond: number; readonly atOnce: number };

/** The issue's: the API server keeps 25 idle connections, so that 60 at once make new handshakes. */
export const fullRate: PodRate = { perSecond: 20, atOnce: 60 };

/** One create that was not answered with an injected pod. */
export type FailedCreate = { readonly startMs: number; readonly endMs: number; readonly message: string };

/** What became of all of them. */
export type PodCounts = { readonly created: number; readonly failed: readonly FailedCreate[] };

/** Creates pods by dry run, each with its call of the webhook, until told to end; resolves when all are answered. */
export async function createPods(namespace: string, rate: PodRate, ended: AbortSignal): Promise<PodCounts> {
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
  const failed: FailedCreate[] = [];
  const pending = new Set<Promise<void>>();
  let created = 0;
  const createOne = async (): Promise<void> => {
    const startMs = performance.now();
    const message = await cluster()
      .request('POST', path, podManifest('with-role'))
      .then(({ status, body }) =>
        status === 201 && typeof body === 'object' && body !== null && isInjected(body)
          ? undefined
          : `${String(status)} ${JSON.stringify(body).slice(0, 600)}`,
      )
      .catch((error: unknown) => String(error));
    if (message === undefined) created += 1;
    else failed.push({ startMs, endMs: performance.now(), message });
  };
  const start = (): void => {
    const creating = createOne().finally(() => pending.delete(creating));
    pending.add(creating);
  };
  for (let tick = 0; !ended.aborted; tick += 1) {
    start();
    if (tick % rate.perSecond === 0) for (let pod = 0; pod < rate.atOnce; pod += 1) start();
    await sleep(1000 / rate.perSecond);
  }
  await Promise.all(pending);
  return { created, failed };
}
