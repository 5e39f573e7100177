// The route of the metrics.
import type { AddRoutes } from './app.ts';
import { refuseMethod, sendRefusal } from './status.ts';

/** Returns all metrics as text, and the media type of that. */
export type RenderMetrics = () => Promise<{ readonly contentType: string; readonly body: string }>;

/** Returns the route GET /metrics; other methods get 405. */
export function createMetricsRoute(render: RenderMetrics): AddRoutes {
  return (router) => {
    router
      .route('/metrics')
      .get(async (_request, response) => {
        const { contentType, body } = await render();
        response.writeHead(200, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) });
        response.end(body);
      })
      .all((_request, response) => {
        sendRefusal(response, refuseMethod(response, '/metrics', ['GET', 'HEAD']));
      });
  };
}
