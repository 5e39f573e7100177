// What listens on a port: the routes, a refusal for all other paths, and an answer to what they throw.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type IRouter, type NextFunction, type Request, type Response, Router } from 'express';
import { sendRefusal } from './status.ts';

/** Adds routes to a router. Handlers rely on nothing but Node's own request and response. */
export type AddRoutes = (router: IRouter) => void;

/** A handler of POST that is found by its path alone. It gives the fault that it cannot answer to `next`, and never throws. */
export type DirectPost = {
  readonly path: string;
  readonly post: (request: IncomingMessage, response: ServerResponse, next: (fault: unknown) => void) => void;
};

/** What every application of this program needs besides its routes. */
export type AppOptions = {
  readonly routes: readonly AddRoutes[];
  /**
   * Called before the routes, whatever these would have checked: looking a route up is a twentieth of what a review costs.
   * They are among the routes, too, for the ways to write a path that only Express knows.
   */
  readonly direct?: readonly DirectPost[];
  /** A fault of this program, with its stack; the caller is told nothing of it. */
  readonly onFault: (error: unknown) => void;
};

/**
 * Creates the listener, with 404 for all else and 500 for what a route throws. It is Express's router without its
 * application, which gives each request and response another prototype: a tenth of what a review costs.
 */
export function createApp({ routes, direct = [], onFault }: AppOptions): RequestListener {
  const router = Router({ caseSensitive: true, strict: true });
  for (const addRoutes of routes) addRoutes(router);
  router.use((_request, response) => {
    sendRefusal(response, { statusCode: 404, code: 'ERR_NOT_FOUND', message: 'nothing is served under this path' });
  });
  const answerFault = (error: unknown, response: ServerResponse): void => {
    onFault(error);
    if (!response.headersSent) {
      sendRefusal(response, { statusCode: 500, code: 'ERR_INTERNAL_ERROR', message: 'internal error' });
    } else if (!response.writableEnded) {
      // Half an answer is none; a whole one stays, whatever went wrong after it.
      response.destroy();
    }
  };
  // Four parameters make it the error handler.
  router.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    answerFault(error, response);
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types are those of an application's requests
  const handle = router as unknown as (
    request: IncomingMessage,
    response: ServerResponse,
    done: (error: unknown) => void,
  ) => void;
  const posts = new Map(direct.map(({ path, post }) => [path, post]));
  return (request, response) => {
    const post = request.method === 'POST' ? posts.get(pathOf(request)) : undefined;
    if (post !== undefined) {
      post(request, response, (fault) => {
        try {
          answerFault(fault, response);
        } catch {
          response.destroy();
        }
      });
      return;
    }
    request.url = originForm(request.url);
    if (!plainTarget.test(request.url)) {
      sendRefusal(response, { statusCode: 400, code: 'ERR_REQUEST_TARGET', message: 'expected a path and a query' });
      return;
    }
    // Reached only where answering the fault has failed itself.
    handle(request, response, () => response.destroy());
  };
}

/** What Express reads by itself; for anything else it calls what Node warns of, on standard error, where the log is. */
const plainTarget = /^\/[!"$-~]*$/;

/** Returns the path and query of an absolute URL, which a server must take as well (RFC 9112, 3.2.2). */
function originForm(url = ''): string {
  return url.replace(/^https?:\/\/[^/?#]+/i, '');
}

/** Returns what is in front of the query. */
function pathOf({ url = '' }: IncomingMessage): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}
