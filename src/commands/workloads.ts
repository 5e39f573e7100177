// Finds the pod in an object: itself, or its pod template.
import { asObject, asString, type JsonObject } from '../identity/json.ts';

/** A pod, or the template of one, inside an object. */
export type PodPlace = {
  /** Where it stands, as segments of a pointer. */
  readonly path: readonly string[];
  readonly pod: JsonObject;
};

/** Where each kind keeps its pod. */
const podPaths: ReadonlyMap<string, readonly string[]> = new Map([
  ['CronJob', ['spec', 'jobTemplate', 'spec', 'template']],
  ['DaemonSet', ['spec', 'template']],
  ['Deployment', ['spec', 'template']],
  ['Job', ['spec', 'template']],
  ['Pod', []],
  ['PodTemplate', ['template']],
  ['ReplicaSet', ['spec', 'template']],
  ['ReplicationController', ['spec', 'template']],
  ['StatefulSet', ['spec', 'template']],
]);

/** Returns the pod in an object, or undefined where its kind has none or the pod is not an object. */
export function findPod(object: JsonObject): PodPlace | undefined {
  const path = podPaths.get(asString(object['kind']) ?? '');
  if (path === undefined) return undefined;
  let pod: JsonObject | undefined = object;
  for (const segment of path) pod = asObject(pod?.[segment]);
  return pod && { path, pod };
}

/** Returns the object's namespace, or the default where it names none. */
export function namespaceOf(object: JsonObject, defaultNamespace: string): string {
  return asString(asObject(object['metadata'])?.['namespace']) || defaultNamespace;
}

/** Returns how people name the object: kind and name. */
export function titleOf(object: JsonObject): string {
  const kind = asString(object['kind']) ?? 'object';
  const metadata = asObject(object['metadata']);
  return `${kind}/${asString(metadata?.['name']) ?? asString(metadata?.['generateName']) ?? '(no name)'}`;
}

/**
 * Returns the name of the account that a pod runs as, as the API server fills it in before webhooks see the pod (its
 * ServiceAccount plugin): the older field where the newer is empty, `default` where both are.
 */
export function serviceAccountNameOf(pod: JsonObject): string {
  const spec = asObject(pod['spec']);
  return asString(spec?.['serviceAccountName']) || asString(spec?.['serviceAccount']) || 'default';
}
