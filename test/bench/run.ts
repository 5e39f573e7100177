// The benchmark: npm run bench -- [--quick] [--out FILE]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectFolder } from '../program.ts';
import { createChildren } from './children.ts';
import { fullPlan, quickPlan } from './plan.ts';
import { textReport } from './report.ts';
import { runBench } from './bench.ts';

const values = readArguments();
const onProgress = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
const folder = mkdtempSync(join(tmpdir(), 'irsa-webhook-bench-'));
const children = createChildren();

// However it ends, nothing is left.
process.once('exit', () => {
  children.endAll();
  rmSync(folder, { recursive: true, force: true });
});
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    onProgress(`ended by ${signal}; nothing is written`);
    process.exit(128 + signals[signal]);
  });
}
try {
  const result = await runBench({ plan: values.quick === true ? quickPlan : fullPlan, folder, children, onProgress });
  process.stdout.write(textReport(result));
  writeFileSync(values.out ?? join(projectFolder, 'bench.json'), `${JSON.stringify(result, undefined, 2)}\n`);
} finally {
  children.endAll();
}

function readArguments(): { readonly quick?: boolean; readonly out?: string } {
  try {
    return parseArgs({ options: { quick: { type: 'boolean' }, out: { type: 'string' } } }).values;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${reason}\nusage: npm run bench -- [--quick] [--out FILE]\n`);
    // Nothing has been started yet, and the lines of this module would go on.
    process.exit(2);
  }
}
