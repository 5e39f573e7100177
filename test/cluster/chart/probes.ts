/** The probes of a container, as the kubelet runs them. */
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerSpec, Probe } from './pod-spec.ts';

/** Kubernetes' own defaults. */
const defaults = { periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3 };

/** What probes find. */
export type ProbeEvents = {
  readonly onStarted: () => void;
  readonly onReady: (isReady: boolean) => void;
  /** The container does not live any more, and is to be started anew. */
  readonly onDead: () => void;
};

/** Runs the probes until `ended`; `portOf` tells the port of this machine that a port of the container is. */
export async function runProbes(
  container: ContainerSpec,
  portOf: (port: number | string) => number | undefined,
  events: ProbeEvents,
  ended: AbortSignal,
): Promise<void> {
  const { startupProbe, readinessProbe, livenessProbe } = container;
  const run = async (
    probe: Probe | undefined,
    onResult: (isPassed: boolean) => 'enough' | undefined,
  ): Promise<void> => {
    if (probe === undefined) return;
    const { failureThreshold = defaults.failureThreshold, periodSeconds = defaults.periodSeconds } = probe;
    let failures = 0;
    while (!ended.aborted) {
      const isPassed = await passes(probe, portOf(probe.httpGet.port)).catch(() => false);
      failures = isPassed ? 0 : failures + 1;
      // oxlint-disable-next-line typescript/no-unnecessary-condition -- it may have ended meanwhile
      if (ended.aborted || ((isPassed || failures >= failureThreshold) && onResult(isPassed) === 'enough')) return;
      await sleep(periodSeconds * 1_000, undefined, { signal: ended }).catch(() => undefined);
    }
  };
  let isStarted = startupProbe === undefined;
  await run(startupProbe, (isPassed) => {
    isStarted = isPassed;
    if (!isPassed) events.onDead();
    return 'enough';
  });
  if (!isStarted) return;
  events.onStarted();
  if (readinessProbe === undefined) events.onReady(true);
  await Promise.all([
    run(readinessProbe, (isPassed) => {
      events.onReady(isPassed);
      return undefined;
    }),
    run(livenessProbe, (isPassed) => {
      if (!isPassed) events.onDead();
      return isPassed ? undefined : 'enough';
    }),
  ]);
}

/** As the kubelet: nobody's certificate is verified, and 200 to 399 passes. */
async function passes({ httpGet, timeoutSeconds }: Probe, port: number | undefined): Promise<boolean> {
  if (port === undefined) return false;
  const signal = AbortSignal.timeout((timeoutSeconds ?? defaults.timeoutSeconds) * 1_000);
  const options = { host: '127.0.0.1', port, path: httpGet.path, agent: false, signal } as const;
  const request = httpGet.scheme === 'HTTPS' ? https.get({ ...options, rejectUnauthorized: false }) : http.get(options);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event is documented to carry
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  return (response.statusCode ?? 0) >= 200 && (response.statusCode ?? 0) < 400;
}
