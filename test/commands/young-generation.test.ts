// The young generation of V8 stays small where much is alive at once.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { projectFolder } from '../program.ts';

/** As connections do, each object outlives some collections. Prints the greatest size that the young generation had. */
const allocate = `
  const { getHeapSpaceStatistics } = await import('node:v8');
  const alive = [];
  let most = 0;
  for (let index = 0; index < 2_000_000; index += 1) {
    alive[index % 20_000] = { index, list: [index], text: 'x' + index };
    if (index % 50_000 > 0) continue;
    const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    most = Math.max(most, space.space_size);
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

  it('does not grow, as it does without', async () => {
    const [kept, usual] = await Promise.all([greatestSize(keepSmall + allocate), greatestSize(allocate)]);
    assert.ok(kept <= 16, `${String(kept)} MiB`);
    assert.ok(usual > 2 * kept, `${String(usual)} MiB without, ${String(kept)} with`);
  });
});
