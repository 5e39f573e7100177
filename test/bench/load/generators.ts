// Finds what can make load: wrk where it is installed, else autocannon.
import { createAutocannon } from './autocannon.ts';
import type { LoadGenerator } from './load.ts';
import { findWrk, type WrkOptions } from './wrk.ts';

/** Returns the better one of those that there are. */
export function findLoadGenerator(options: WrkOptions): LoadGenerator {
  return findWrk(options) ?? createAutocannon(options);
}
