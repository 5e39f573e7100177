// Lets the old generation of V8 grow, so that it is seldom collected.
import { setFlagsFromString } from 'node:v8';

/** In percent of what was alive at the last full collection. */
const growthPercent = 100;
/** By how fast it fills, V8 lets it grow to 4 times what is alive, or by no more than 8 MB. */
const chosenByV8 = 0;

/**
 * Says whether the old generation may grow to twice what is alive before the whole heap is collected, which stops the thread
 * that answers for 12 to 25 ms with 100,000 accounts. Left to itself, V8 lets it grow by 8 MB where it hardly fills, as here.
 * The capacity of the young generation counts against them, and it doubles several times when reviews come again after idle
 * seconds: each time the whole heap is collected, of which next to nothing is garbage (docs/performance.md).
 *
 * It counts from the next full collection on, when V8 sets the limit (MemoryController::GrowingFactor). Not to be allowed
 * while the accounts are listed: the old and the new copy of each are alive then, besides the garbage of the pages.
 */
export function letOldGenerationGrow(mayGrow: boolean): void {
  setFlagsFromString(`--heap-growing-percent=${String(mayGrow ? growthPercent : chosenByV8)}`);
}
