/** Another team's webhook: appends a container to every pod, as service meshes do. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import { json } from 'node:stream/consumers';
import { createSelfSignedPair } from '../../src/certificates/self-signed.ts';
import type { Container } from './pods.ts';

/** A webhook that is listening. */
export type SidecarWebhook = {
  readonly port: number;
  readonly caBundle: string;
  readonly close: () => void;
};

type Review = {
  readonly apiVersion: string;
  readonly request: {
    readonly uid: string;
    readonly object: { readonly spec: { readonly containers: readonly Container[] } };
  };
};

/** Starts a webhook that appends a container of this name to pods that lack it. */
export async function startSidecarWebhook(host: string, name: string): Promise<SidecarWebhook> {
  const pair = await createSelfSignedPair([host]);
  const server = createServer(pair, (request, response) => {
    void json(request).then((body) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the API server sends nothing else
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer(body as Review, name)));
      return undefined;
    });
  });
  server.listen(0);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    caBundle: Buffer.from(pair.cert).toString('base64'),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer({ apiVersion, request }: Review, name: string): object {
  const { uid, object } = request;
  if (object.spec.containers.some((container) => container.name === name)) {
    return { apiVersion, kind: 'AdmissionReview', response: { uid, allowed: true } };
  }
  const operation = { op: 'add', path: '/spec/containers/-', value: { name, image: 'registry.invalid/mesh' } };
  const patch = Buffer.from(JSON.stringify([operation])).toString('base64');
  return { apiVersion, kind: 'AdmissionReview', response: { uid, allowed: true, patchType: 'JSONPatch', patch } };
}
