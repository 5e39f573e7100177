// Keeps the pauses of the garbage collector short while there are very many connections.
import { setFlagsFromString } from 'node:v8';

/** V8's own. */
const usualGrowthFactor = 2;
/** Thousands of connections do not come sooner. */
const lookMs = 250;

/**
 * Has V8 leave its young generation at the size that it has, 4 to 16 MB, as long as it is crowded. It would let it grow to
 * 64 MB where much is alive at once, as with thousands of connections that come and go, and each collection of it then
 * copies what is alive for 10 ms and more, in which nobody is answered. At other times it may grow: what reviews leave
 * behind is dead by then, and each would cost more (docs/performance.md). V8 reads this flag whenever it is about to grow
 * (Heap::NewSpace::Grow); the flags for its greatest size count only on Node's command line.
 */
export function keepYoungGenerationSmall(isCrowded: () => boolean): void {
  let isKeptSmall = false;
  setInterval(() => {
    if (isCrowded() === isKeptSmall) return;
    isKeptSmall = !isKeptSmall;
    setFlagsFromString(`--semi-space-growth-factor=${String(isKeptSmall ? 1 : usualGrowthFactor)}`);
  }, lookMs).unref();
}
