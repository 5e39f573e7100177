// Mocha's root hooks of the tests of the image: one image for the whole run.
import { spawnSync } from 'node:child_process';
import { startGuardedRun, type GuardedRun } from '../../cluster/guarded-run.ts';
import { buildImage, type Image } from './image.ts';

/** It takes 15 s on two idle cores. */
const buildTimeoutMs = 300_000;

let guard: GuardedRun | undefined;
let built: Image | undefined;

/** Returns the image of this run; to be called inside tests, not while files are loaded. */
export function image(): Image {
  if (built === undefined)
    throw new Error('Expected to be called inside a test, got called before the image was built.');
  return built;
}

export const mochaHooks = {
  /** Skips the tests where there is no buildah, but fails in CI, where skipped tests would look like passed ones. */
  async beforeAll(this: Mocha.Context): Promise<void> {
    this.timeout(buildTimeoutMs);
    if (spawnSync('buildah', ['--version']).error !== undefined && process.env['CI'] !== 'true') {
      process.stdout.write('Tests of the image are skipped: expected buildah on the PATH, found none\n');
      this.skip();
    }
    if (process.getuid?.() !== 0) {
      throw new Error('Expected root, which mounts and changes users: run `buildah unshare npm run test:image`.');
    }
    guard = await startGuardedRun();
    built = await buildImage(guard);
  },

  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(buildTimeoutMs);
    await guard?.end();
  },
};
