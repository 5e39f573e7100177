// Keeps the pauses of the garbage collector short.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * It has 1, 2, 4, 8 MB and so on, less what its pages take themselves. With 4 MB too much of reviews in flight grows old:
 * a cached one costs a seventh more (docs/performance.md).
 */
const enoughBytes = 6 * 1024 * 1024;
/** V8 doubles it when as much has outlived collections as it holds, which takes seconds also in a flood. */
const lookMs = 250;

/**
 * Has V8 leave its young generation at 8 MB once it has grown to that. It would let it grow to 64 MB where much is alive
 * at once, as with thousands of connections that come and go, and each collection of it then copies what is alive for 10 ms
 * and more, in which nobody is answered. V8 reads this flag whenever it is about to grow (Heap::NewSpace::Grow); the flags
 * for its greatest size count only on Node's command line.
 */
export function keepYoungGenerationSmall(): void {
  const look = setInterval(() => {
    if (youngBytes() < enoughBytes) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    clearInterval(look);
  }, lookMs).unref();
}

/** Returns how much may be allocated between two collections of it. */
function youngBytes(): number {
  const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  return space ? space.space_used_size + space.space_available_size : 0;
}
