// Stops what a test started, in reverse order, also when the test failed.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Scope = {
  /** Runs `stop` after the test. */
  onEnd(stop: () => unknown): void;
  /** Returns a new empty folder that is removed after the test. */
  folder(): Promise<string>;
};

/** Call it inside `describe`. */
export function useScope(): Scope {
  const stops: (() => unknown)[] = [];
  afterEach(async () => {
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await stop();
  });
  return {
    onEnd: (stop) => stops.push(stop),
    async folder() {
      const path = await mkdtemp(join(tmpdir(), 'irsa-webhook-'));
      stops.push(() => rm(path, { recursive: true, force: true }));
      return path;
    },
  };
}
