// Names a service account.

/** Which service account is meant. Both names come from strangers and may hold anything. */
export type AccountRef = { readonly namespace: string; readonly name: string };

/** Returns `namespace/name`, one of its own for each account: no name of a real one holds a slash. */
export function accountKey({ namespace, name }: AccountRef): string {
  return `${namespace}/${name}`;
}
