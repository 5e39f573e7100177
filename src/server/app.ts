// The express applications: the webhook's own, on TLS, and the one of the metrics port.
import express, { type Express, type NextFunction, type Request, type Response, type Router } from 'express';
import { sendRefusal } from './status.ts';

/** What every application of this program needs besides its routes. */
export type AppOptions = {
  readonly routes: readonly Router[];
  /** A fault of this program, with its stack; the caller is told nothing of it. */
  readonly onFault: (error: unknown) => void;
};

/** Creates an application of the routes, with 404 for all else and 500 for what a route throws. */
export function createApp(options: AppOptions): Express {
  const app = express();
  for (const setting of ['x-powered-by', 'etag', 'query parser']) app.disable(setting);

  for (const routes of options.routes) app.use(routes);
  app.use((_request, response) => {
    sendRefusal(response, { statusCode: 404, code: 'ERR_NOT_FOUND', message: 'nothing is served under this path' });
  });
  // Four parameters make it the error handler.
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    options.onFault(error);
    if (!response.headersSent) {
      sendRefusal(response, { statusCode: 500, code: 'ERR_INTERNAL_ERROR', message: 'internal error' });
    } else if (!response.writableEnded) {
      // Half an answer is none; a whole one stays, whatever went wrong after it.
      response.destroy();
    }
  });
  return app;
}
