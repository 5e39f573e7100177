/** The fields of a pod that the test kubelet goes by. */

/** An HTTP probe. */
export type Probe = {
  readonly httpGet: { readonly path: string; readonly port: number | string; readonly scheme?: string };
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly failureThreshold?: number;
};

/** A variable: a text, or a field of the pod. */
export type EnvironmentEntry = {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
};

/** The one container. */
export type ContainerSpec = {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly EnvironmentEntry[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
};

/** What a Secret or a ConfigMap is mounted by; without `items` all of it. */
export type VolumeSource = {
  readonly secretName?: string;
  readonly name?: string;
  readonly items?: readonly { readonly key: string; readonly path: string }[];
};

/** A pod as the API server has it. */
export type ScheduledPod = {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly deletionGracePeriodSeconds?: number;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly serviceAccountName: string;
    readonly restartPolicy: 'Always' | 'Never' | 'OnFailure';
    readonly containers: readonly [ContainerSpec, ...ContainerSpec[]];
    readonly volumes?: readonly {
      readonly name: string;
      readonly secret?: VolumeSource;
      readonly configMap?: VolumeSource;
    }[];
  };
  readonly status: { readonly phase?: string };
};

/** Returns where a pod is in the API. */
export function podPath({ metadata: { namespace, name } }: ScheduledPod): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}
