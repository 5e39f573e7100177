// Lets the old generation of V8 grow, so that it is seldom collected.
import { setFlagsFromString } from 'node:v8';

/** In percent of what was alive at the last full collection. */
const growth = 100;
/** V8 decides by how fast it fills. */
const byItself = 0;

/**
 * Says whether the old generation may grow to twice what is alive before the whole heap is collected, which stops the thread
 * that answers for 12 to 25 ms with 100,000 accounts. Left to itself, V8 lets it grow by 8 MB where it hardly fills, as here;
 * of those, what the young generation may take counts as used, and that doubles some times when reviews come again after
 * some idle seconds: each time the whole heap is collected, of which next to nothing is garbage (docs/performance.md).
 *
 * Not to be allowed while accounts are listed: then there are two of each, and what was left of their pages.
 */
export function letOldGenerationGrow(mayGrow: boolean): void {
  // V8 reads it at the end of each full collection (MemoryController::GrowingFactor).
  setFlagsFromString(`--heap-growing-percent=${String(mayGrow ? growth : byItself)}`);
}
