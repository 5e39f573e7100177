// The young generation of V8 grows to 8 MB and no further, also where much is alive at once.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { projectFolder } from '../program.ts';

/**
 * As connections do, each object outlives some collections, for some seconds: 15 MB a second, a little more than a flood. Prints the
 * greatest size that the young generation had.
 */
const allocate = `
  const { getHeapSpaceStatistics } = await import('node:v8');
  const { setTimeout: sleep } = await import('node:timers/promises');
  const alive = [];
  let most = 0;
  for (let turn = 0; turn < 400; turn += 1) {
    for (let index = 0; index < 1_200; index += 1) {
      alive[(turn % 100) * 1_200 + index] = { index, list: [index], text: 'x' + index };
    }
    const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    most = Math.max(most, space.space_used_size + space.space_available_size);
    await sleep(10);
  }
  console.log(most);
`;
const keepSmall = `
  const { keepYoungGenerationSmall } = await import('./src/commands/young-generation.ts');
  keepYoungGenerationSmall();
`;

/** Returns mebibytes. */
async function greatestSize(script: string): Promise<number> {
  const args = ['--input-type=module-typescript', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: projectFolder });
  return Number(stdout) / 1024 / 1024;
}

describe('commands/young-generation', function () {
  this.timeout(20_000);

  it('grows to 8 MB and no further, as it does without', async () => {
    const [kept, usual] = await Promise.all([greatestSize(keepSmall + allocate), greatestSize(allocate)]);
    assert.ok(kept >= 7.5 && kept <= 8.5, `${String(kept)} MiB`);
    assert.ok(usual > 1.5 * kept, `${String(usual)} MiB without, ${String(kept)} with`);
  });
});
