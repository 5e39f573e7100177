// Runs the races of the cluster tests by the ten thousand: pods right after their account, its role, its new role.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { projectFolder } from '../program.ts';

const [countText = '10000', faultyText = String(Math.ceil(Number(countText) / 10))] = process.argv.slice(2);
for (const text of [countText, faultyText]) {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`expected COUNT and FAULTY_COUNT, whole numbers, got ${text}`);
}
const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin', 'mocha.js');
const test = spawn(process.execPath, [mocha, '--config', 'test/cluster/.mocharc.json', '--grep', '^races'], {
  cwd: projectFolder,
  stdio: 'inherit',
  env: { ...process.env, IRSA_TEST_RACE_PAIRS: countText, IRSA_TEST_FAULTY_RACE_PAIRS: faultyText },
});
const [code] = (await once(test, 'exit')) as unknown[];
process.exitCode = typeof code === 'number' ? code : 1;
