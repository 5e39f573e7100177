/** Pods as the tests of the webhook write and read them. */

/** One entry of `env`. */
export type Variable = { readonly name: string; readonly value?: string };

/** The fields of a container that the webhook adds to. */
export type Container = {
  readonly name: string;
  readonly env?: readonly Variable[];
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
};

/** The fields of a stored pod that the tests look at. */
export type Pod = {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly ownerReferences?: readonly { readonly kind: string }[];
  };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly initContainers?: readonly Container[];
    readonly containers: readonly Container[];
    readonly volumes: readonly { readonly name: string; readonly [source: string]: unknown }[];
  };
};

/** Returns a pod with the containers `app` and `opted-out` and a native sidecar, running as an account. */
export function podManifest(serviceAccountName: string, annotations: Record<string, string> = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'app-', annotations },
    spec: podSpec(serviceAccountName),
  };
}

/** Returns the spec of such a pod. */
export function podSpec(serviceAccountName: string): object {
  const image = 'registry.invalid/app';
  return {
    serviceAccountName,
    initContainers: [{ name: 'sidecar', image, restartPolicy: 'Always' }],
    containers: [
      { name: 'app', image, env: [{ name: 'LEVEL', value: 'info' }] },
      { name: 'opted-out', image },
    ],
  };
}

/** Returns the variables of ours that a container has, by name. */
export function ourVariables(container: Container): Record<string, string | undefined> {
  const ours = (container.env ?? []).filter(({ name }) => name.startsWith('AWS_'));
  return Object.fromEntries(ours.map(({ name, value }) => [name, value]));
}

/** Returns the mounts of the token that a container has. */
export function tokenMounts(container: Container): NonNullable<Container['volumeMounts']> {
  return (container.volumeMounts ?? []).filter(({ name }) => name === 'aws-iam-token');
}

/** Returns a container of either kind by its name. */
export function containerNamed(pod: Pod, name: string): Container {
  const container = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find((entry) => entry.name === name);
  if (container === undefined) throw new Error(`expected a container ${name} in pod ${pod.metadata.name}, got none`);
  return container;
}

/** Returns whether a pod, as the API server answers it, has the token's volume. */
export function isInjected(pod: object): boolean {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an answer of the API server to the creation of a pod
  const { spec } = pod as Pod;
  return spec.volumes.some(({ name }) => name === 'aws-iam-token');
}
