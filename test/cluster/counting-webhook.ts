/** A webhook that changes nothing and remembers which entry of a configuration sent it what. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { createSelfSignedPair } from '../../src/certificates/self-signed.ts';

/** A review that came in: the path that its entry is registered with, the name of the object, and all of it as it came. */
export type CountedReview = { readonly path: string; readonly object: string; readonly body: string };

/** A webhook that is listening. */
export type CountingWebhook = {
  readonly port: number;
  readonly caBundle: string;
  /** Every review so far, in order. */
  readonly reviews: readonly CountedReview[];
  readonly close: () => void;
};

type Review = {
  readonly apiVersion: string;
  readonly request: { readonly uid: string; readonly object: { readonly metadata: { readonly name: string } } };
};

/** Starts it; an entry is told from others by the path that it is registered with. */
export async function startCountingWebhook(host: string): Promise<CountingWebhook> {
  const pair = await createSelfSignedPair([host]);
  const reviews: CountedReview[] = [];
  const server = createServer(pair, (message, response) => {
    void text(message).then((body) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the API server sends nothing else
      const { apiVersion, request } = JSON.parse(body) as Review;
      const path = new URL(message.url ?? '', 'https://webhook').pathname;
      reviews.push({ path, object: request.object.metadata.name, body });
      const answer = { apiVersion, kind: 'AdmissionReview', response: { uid: request.uid, allowed: true } };
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer));
      return undefined;
    });
  });
  server.listen(0);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    caBundle: Buffer.from(pair.cert).toString('base64'),
    reviews,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
