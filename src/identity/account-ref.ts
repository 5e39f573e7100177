// Names a service account.

/** Which service account is meant. Both names come from strangers and may hold anything. */
export type AccountRef = { readonly namespace: string; readonly name: string };
