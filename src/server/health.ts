// The health endpoints: alive, and ready to answer.
import type { AddRoutes } from './app.ts';
import { refuseMethod, sendRefusal } from './status.ts';

/** Returns undefined when the server can answer, else why not, in one line. */
export type NotReadyReason = () => string | undefined;

/**
 * Returns the routes /healthz and /livez (the process answers; what the Go webhook's probes ask) and /readyz (200, or
 * 503 and why).
 */
export function createHealthRoutes(notReady: NotReadyReason): AddRoutes {
  return (router) => {
    for (const path of ['/healthz', '/livez', '/readyz']) {
      router
        .route(path)
        .get((_request, response) => {
          const reason = path === '/readyz' ? notReady() : undefined;
          const body = reason === undefined ? 'ok' : `not ready: ${reason}`;
          response.writeHead(reason === undefined ? 200 : 503, {
            'Content-Type': 'text/plain; charset=utf-8',
            'Content-Length': Buffer.byteLength(body),
          });
          response.end(body);
        })
        .all((_request, response) => {
          sendRefusal(response, refuseMethod(response, path, ['GET', 'HEAD']));
        });
    }
  };
}
