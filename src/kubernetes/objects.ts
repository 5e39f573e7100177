// Reads the few fields that every object of the Kubernetes API has, from JSON that may hold anything.

/** Names one object of a kind. */
export type ObjectName = {
  /** Empty for an object that lives in none. */
  readonly namespace: string;
  readonly name: string;
};

/** A JSON object whose fields are yet to be looked at. */
export type ApiObject = Readonly<Record<string, unknown>>;

/** Returns whether a value is a JSON object: no array, not null. */
export function isApiObject(value: unknown): value is ApiObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the object's name, or undefined where `metadata.name` is missing, empty or no text. */
export function nameOf(object: ApiObject): ObjectName | undefined {
  const metadata = object['metadata'];
  if (!isApiObject(metadata)) return undefined;
  const { name, namespace } = metadata;
  if (typeof name !== 'string' || name === '') return undefined;
  return { namespace: typeof namespace === 'string' ? namespace : '', name };
}

/** Returns `namespace/name`, as kubectl writes it, or the name alone. */
export function describeName({ namespace, name }: ObjectName): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/**
 * Returns `metadata.resourceVersion` of an object or a list, or undefined where it has none. It is opaque: to be handed
 * back and compared for equality, never ordered (ordering is promised from Kubernetes 1.35 on only, KEP-5504).
 */
export function resourceVersionOf(object: ApiObject): string | undefined {
  return textOf(object, 'resourceVersion');
}

/** Returns the token of a list's next page, or undefined for the last page. */
export function continueTokenOf(list: ApiObject): string | undefined {
  return textOf(list, 'continue');
}

function textOf(object: ApiObject, field: 'continue' | 'resourceVersion'): string | undefined {
  const metadata = object['metadata'];
  const value = isApiObject(metadata) ? metadata[field] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Returns the JSON object that a text is, or undefined where it is anything else. */
export function parseApiObject(text: string): ApiObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isApiObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
