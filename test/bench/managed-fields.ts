// The managedFields of a new pod, as an API server has made them when it asks webhooks.
import { asArray, asObject, type JsonObject } from '../../src/identity/json.ts';

/** By which of its fields an item of a list is known (x-kubernetes-list-map-keys); other lists are one field. */
const keysOfLists: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  env: ['name'],
  ownerReferences: ['uid'],
  ports: ['containerPort', 'protocol'],
  volumeMounts: ['mountPath'],
  volumes: ['name'],
};

/** Of these it does not say who has made the map or the list itself. */
const unmarked = new Set(['metadata', 'spec', 'containers']);

/** Returns them for whom has written all that is in `metadata` and `spec`. */
export function managedFieldsOf(metadata: JsonObject, spec: JsonObject): readonly JsonObject[] {
  return [
    {
      manager: 'kube-controller-manager',
      operation: 'Update',
      apiVersion: 'v1',
      time: '2026-11-25T12:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:metadata': fieldsOf('metadata', metadata), 'f:spec': fieldsOf('spec', spec) },
    },
  ];
}

function fieldsOf(name: string, value: unknown): JsonObject {
  const itself = unmarked.has(name) ? {} : { '.': {} };
  const keys = keysOfLists[name];
  const items = asArray(value);
  if (items !== undefined) {
    if (keys === undefined) return {};
    return { ...itself, ...Object.fromEntries(items.map((item) => itemFields(asObject(item) ?? {}, keys))) };
  }
  const fields = asObject(value);
  if (fields === undefined) return {};
  const entries = Object.entries(fields).map(([field, inner]) => [`f:${field}`, fieldsOf(field, inner)] as const);
  return entries.length === 0 ? {} : { ...itself, ...Object.fromEntries(entries) };
}

function itemFields(item: JsonObject, keys: readonly string[]): [string, JsonObject] {
  const key = Object.fromEntries(keys.map((field) => [field, item[field]]));
  // An owner is one field, whoever it is.
  return [`k:${JSON.stringify(key)}`, keys[0] === 'uid' ? {} : fieldsOf('', item)];
}
