// Keeps the pauses of the garbage collector short.
import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 leave its young generation at the size that it has. It would let it grow to 64 MB where much is alive at once, as
 * with thousands of connections that come and go, and each collection of it then copies what is alive for 10 ms and more,
 * in which nobody is answered. What it costs is in docs/performance.md. V8 reads this flag whenever it is about to grow
 * (Heap::NewSpace::Grow); the flags for its greatest size count only on Node's command line.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
