/** Reads manifests and tells where in the API their objects belong. */
import { parseAllDocuments } from 'yaml';
import type { Connection } from './connection.ts';
import type { ServedResource } from './discovery.ts';
import { collectionPath, discover } from './discovery.ts';
import { ClusterError } from './errors.ts';
import { isRecord } from './objects.ts';

/** What it takes to tell where an object belongs. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly namespace?: string };
};

/** Returns the objects of a YAML text of any number of documents; throws ClusterError ERR_CLUSTER_MANIFEST at the first fault. */
export function parseManifests(yaml: string): Manifest[] {
  const documents: unknown[] = parseAllDocuments(yaml).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new ClusterError('ERR_CLUSTER_MANIFEST', `Expected YAML, got: ${error.message}`);
    return document.toJS() as unknown;
  });
  return documents.filter((document) => document !== null).map(requireManifest);
}

function requireManifest(document: unknown): Manifest {
  if (isManifest(document)) return document;
  const got = JSON.stringify(document).slice(0, 200);
  throw new ClusterError('ERR_CLUSTER_MANIFEST', `Expected an object with apiVersion, kind and metadata, got: ${got}`);
}

function isManifest(document: unknown): document is Manifest {
  if (!isRecord(document)) return false;
  return (
    typeof document['apiVersion'] === 'string' && typeof document['kind'] === 'string' && isRecord(document['metadata'])
  );
}

/** Returns a function that tells the collection of an object; it asks again for kinds it does not know, as a CRD may be new. */
export function makeLocator(connection: Connection): (manifest: Manifest, namespace: string) => Promise<string> {
  let served: ServedResource[] = [];
  return async (manifest, namespace) => {
    const { apiVersion, kind, metadata } = manifest;
    const find = (): ServedResource | undefined =>
      served.find((resource) => resource.apiVersion === apiVersion && resource.kind === kind);
    if (find() === undefined) served = await discover(connection);
    const resource = find();
    if (resource === undefined) {
      throw new ClusterError(
        'ERR_CLUSTER_MANIFEST',
        `Expected a kind that the API server serves, got ${kind} of ${apiVersion}`,
      );
    }
    return collectionPath(resource, resource.namespaced ? (metadata.namespace ?? namespace) : undefined);
  };
}
