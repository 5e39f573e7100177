/** The few fields that any Kubernetes object has, and how an answer is told to be one. */

export type KubernetesObject = {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generateName?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
};

export type ObjectList<T = KubernetesObject> = {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[];
};

/** Returns whether this is a list as the API server answers it. */
export function isObjectList(body: unknown): body is ObjectList {
  return isRecord(body) && Array.isArray(body['items']);
}

/** Returns whether this is neither a primitive nor null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
