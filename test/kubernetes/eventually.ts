// Waits for a condition instead of for a time.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when `condition` holds; fails with `what` after five seconds. */
export async function eventually(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) assert.fail(`Waited five seconds for: ${what}`);
    await sleep(5);
  }
}
