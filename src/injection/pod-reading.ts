// What an injection must know of a pod, read once.
import type { ContainerCredentials, Identity } from '../identity/identity.ts';
import type { InjectionOptions } from '../identity/injection-options.ts';
import { asObject, asString, type JsonObject } from '../identity/json.ts';
import type { ConfigMaps } from './env-from.ts';
import { type List, readList } from './list.ts';
import { readPodAnnotations } from './pod-annotations.ts';
import type { SessionOwner } from './role-session.ts';
import type { InjectionSettings } from './settings.ts';
import { runsOnWindows } from './windows.ts';

/** What is known of the pod besides itself. */
export type InjectionContext = {
  /** The request's, never the object's, which may be empty or another. */
  readonly namespace: string;
  /** Those of envFrom, where they were read (`--respect-env-from`). */
  readonly configMaps?: ConfigMaps;
};

/** A pod that has the form of one, as far as it matters here. */
export type PodReading = {
  readonly pod: JsonObject;
  readonly spec: JsonObject;
  readonly volumes: List;
  readonly skippedContainers: ReadonlySet<string>;
  /** Precedence: pod annotation > account annotation > flag. */
  readonly tokenExpirationSeconds: number;
  readonly regionalSts: boolean;
  /** What is asked for, by the pod or else by its account; the region is the flag's where neither does. */
  readonly options: InjectionOptions & { readonly region: string };
  readonly sessionOwner: SessionOwner;
  readonly windows: boolean;
  readonly configMaps: ConfigMaps | undefined;
  /** About the pod's own annotations. */
  readonly warnings: readonly string[];
};

/** Returns what matters of the pod, or undefined where it has not the form that the API gives it. */
export function readPod(
  pod: unknown,
  promise: Identity | ContainerCredentials,
  settings: InjectionSettings,
  context: InjectionContext,
): PodReading | undefined {
  const object = asObject(pod);
  const spec = asObject(object?.['spec']);
  const volumes = spec && readList(spec, 'volumes');
  if (object === undefined || spec === undefined || volumes === undefined) return undefined;

  const metadata = asObject(object['metadata']);
  const own = readPodAnnotations(metadata, promise.tokenExpirationSeconds, settings.annotationPrefix);
  return {
    pod: object,
    spec,
    volumes,
    skippedContainers: own.skippedContainers,
    tokenExpirationSeconds: own.tokenExpirationSeconds,
    regionalSts: promise.regionalSts,
    options: { region: settings.region, ...promise.options, ...own.options },
    sessionOwner: {
      namespace: context.namespace,
      serviceAccountName: asString(spec['serviceAccountName']) ?? '',
      podName: nameIn(metadata?.['name']),
      generateName: nameIn(metadata?.['generateName']),
    },
    windows: runsOnWindows(spec),
    configMaps: context.configMaps,
    warnings: own.warnings,
  };
}

/** Returns the name in a field; to the API, empty is absent. */
function nameIn(value: unknown): string | undefined {
  return value === '' ? undefined : asString(value);
}
