/** Creates pods all the time while a chart is installed, changed and removed, and keeps what became of each. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster.ts';
import { isRecord } from '../objects.ts';
import { isInjected, podManifest } from '../pods.ts';

/** Which pods, and how many of them a second. */
export type PodKind = {
  readonly namespace: string;
  readonly account: string;
  /** Whether they are labelled so that they fail closed. */
  readonly isRequired: boolean;
  readonly perSecond: number;
};

/** One pod. Times are of performance.now(). */
export type Attempt = {
  readonly kind: PodKind;
  readonly startMs: number;
  readonly endMs: number;
  /** What the API server said to one that it did not create. */
  readonly refusal: string | undefined;
  readonly isInjected: boolean;
};

/** Pods that are being created. */
export type PodCreation = {
  /** Starts no more, and returns what became of all. */
  readonly stop: () => Promise<readonly Attempt[]>;
};

/** Starts to create pods, as dry runs: they are admitted like any other, and nobody has to remove them. */
export function startPodCreation(cluster: Cluster, kind: PodKind): PodCreation {
  const attempts: Attempt[] = [];
  const onTheWay = new Set<Promise<void>>();
  const ended = new AbortController();
  const path = `/api/v1/namespaces/${kind.namespace}/pods?dryRun=All`;

  const create = async (): Promise<void> => {
    const startMs = performance.now();
    const answer = await cluster
      .request('POST', path, manifestOf(kind))
      .catch((error: unknown) => ({ status: 0, body: { message: String(error) } }));
    const { status, body } = answer;
    const isCreated = status === 201 && isRecord(body);
    attempts.push({
      kind,
      startMs,
      endMs: performance.now(),
      refusal: isCreated ? undefined : `${String(status)}: ${isRecord(body) ? String(body['message']) : String(body)}`,
      isInjected: isCreated && isInjected(body),
    });
  };
  const running = (async (): Promise<void> => {
    const firstMs = performance.now();
    for (let count = 1; !ended.signal.aborted; count += 1) {
      const creation = create().finally(() => onTheWay.delete(creation));
      onTheWay.add(creation);
      // By the clock, so that a busy machine catches up instead of doing less.
      const waitMs = firstMs + (count * 1_000) / kind.perSecond - performance.now();
      await sleep(Math.max(0, waitMs), undefined, { signal: ended.signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      ended.abort();
      await running;
      await Promise.all(onTheWay);
      return attempts;
    },
  };
}

function manifestOf({ account, isRequired }: PodKind): object {
  const manifest = podManifest(account);
  const labels = isRequired ? { 'irsa-webhook.io/required': 'true' } : {};
  return { ...manifest, metadata: { generateName: 'app-', labels } };
}
