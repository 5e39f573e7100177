// The young generation of V8 does not grow while it is crowded, and does at other times.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { projectFolder } from '../program.ts';

/**
 * As connections do, each object outlives some collections: 15 MB a second, a little more than a flood. Prints the greatest
 * size of the young generation in MiB in two seconds in which it is crowded, and in two in which it is not any more.
 */
const script = `
  const { getHeapSpaceStatistics } = await import('node:v8');
  const { setTimeout: sleep } = await import('node:timers/promises');
  const { keepYoungGenerationSmall } = await import('./src/commands/young-generation.ts');
  const sizeOf = ({ space_used_size: used, space_available_size: available }) => (used + available) / 1024 / 1024;
  let isCrowded = true;
  keepYoungGenerationSmall(() => isCrowded);
  await sleep(300);
  const alive = [];
  const greatest = async () => {
    let most = 0;
    for (let turn = 0; turn < 200; turn += 1) {
      for (let index = 0; index < 1_200; index += 1) {
        alive[(turn % 100) * 1_200 + index] = { index, list: [index], text: 'x' + index };
      }
      most = Math.max(most, ...getHeapSpaceStatistics().filter((space) => space.space_name === 'new_space').map(sizeOf));
      await sleep(10);
    }
    return most;
  };
  const crowded = await greatest();
  isCrowded = false;
  console.log(crowded, await greatest());
`;

describe('commands/young-generation', function () {
  this.timeout(20_000);

  it('does not grow while it is crowded, and does at other times', async () => {
    const args = ['--input-type=module-typescript', '--eval', script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: projectFolder });
    const [crowded = Number.NaN, usual = Number.NaN] = stdout.split(' ').map(Number);
    assert.ok(crowded <= 4, `${String(crowded)} MiB while it is crowded`);
    assert.ok(usual >= 3 * crowded, `${String(usual)} MiB afterwards, ${String(crowded)} before`);
  });
});
