// The metrics of the process itself: memory, processor, garbage collection, event loop.
import { collectDefaultMetrics, type Registry } from 'prom-client';

/** Each lists all that the process waits for: thousands of connections cost every scrape 4 ms, in which nobody is answered. */
const listsOfAllConnections = /^nodejs_active_(?:handles|requests|resources)(?:_total)?$/;

/** Adds what prom-client has by default, but for those lists. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const { name } of registry.getMetricsAsArray()) {
    if (listsOfAllConnections.test(name)) registry.removeSingleMetric(name);
  }
}
