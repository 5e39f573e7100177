// The old generation of V8 may grow to twice what is alive where that is allowed, and V8 decides by itself where it is not.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { projectFolder } from '../program.ts';

/** Keeps 50 MB alive, and has all of the heap collected: what it may grow by is set then, and told at the next collection. */
const script = `
  const { setTimeout: sleep } = await import('node:timers/promises');
  const { letOldGenerationGrow } = await import('./src/commands/old-generation.ts');
  const alive = Array.from({ length: 400_000 }, (_, index) => ({ index, list: [index] }));
  const settle = async () => {
    gc();
    // Where it hardly fills, V8 lets it grow by little.
    await sleep(200);
    gc();
    await sleep(200);
    gc();
  };
  letOldGenerationGrow(true);
  await settle();
  console.log('until here', alive.length);
  letOldGenerationGrow(false);
  await settle();
  console.log('to the end', alive.length);
`;

/** How large the old generation might get before the last full collection, by what was alive in it; from lines of V8's. */
function growthIn(trace: string): number {
  const lines = trace.split('\n').filter((line) => line.includes('"gc":"mc"'));
  const last = lines.at(-1) ?? assert.fail(`expected full collections, got ${trace}`);
  const numberOf = (name: string) => Number(new RegExp(`"${name}":(\\d+)`).exec(last)?.[1]);
  assert.ok(numberOf('end_object_size') > 30e6, last);
  // V8 adds the size of the young one to what it lets the old one be.
  return (numberOf('old_gen_allocation_limit') - numberOf('new_space_capacity')) / numberOf('end_object_size');
}

describe('commands/old-generation', function () {
  this.timeout(20_000);

  it('may grow to twice what is alive, and by what V8 says where that is not allowed', async () => {
    const args = ['--expose-gc', '--trace-gc-nvp', '--input-type=module-typescript', '--eval', script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: projectFolder, timeout: 15_000 });
    const [allowed = '', notAllowed = ''] = stdout.split('until here');
    const growth = growthIn(allowed);
    assert.ok(growth > 1.95 && growth < 2.05, `expected twice what is alive, got ${growth} times`);
    const usual = growthIn(notAllowed);
    assert.ok(usual < 1.9, `expected V8 to let it grow by little, got ${usual} times what is alive`);
  });
});
