// The helper threads of V8 have less priority than the one that answers, where there is one processor.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, getPriority, platform } from 'node:os';
import { shareProcessors } from '../bench/machine.ts';
import { useScope } from '../kubernetes/scope.ts';
import { freePorts, laptop, portsOf, startProgram } from '../program.ts';

/** proc(5), /proc/pid/stat: the nineteenth field, counted from behind the name, which may hold spaces. */
function niceOf(pid: number, thread: string): number {
  const stat = readFileSync(`/proc/${String(pid)}/task/${thread}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}

describe('commands/helper-threads', function () {
  this.timeout(20_000);
  const scope = useScope();

  before(function () {
    // Elsewhere threads have no priority of their own, and nothing is done.
    if (platform() !== 'linux') this.skip();
  });

  /** The priorities of the threads of V8, and of all others, of the program. */
  async function prioritiesOf(launcher: readonly string[]) {
    const program = startProgram(scope, [...laptop, ...freePorts], { launcher });
    await portsOf(program);
    const pid = program.child.pid ?? assert.fail('expected it to run');
    const threads = readdirSync(`/proc/${String(pid)}/task`).map((thread) => ({
      isHelper: /V8Worker/.test(readFileSync(`/proc/${String(pid)}/task/${thread}/comm`, 'utf8')),
      nice: niceOf(pid, thread),
    }));
    const some = (isHelper: boolean) =>
      threads.filter((thread) => thread.isHelper === isHelper).map(({ nice }) => nice);
    return { helpers: some(true), others: some(false) };
  }

  it('with one processor', async () => {
    const { server } = shareProcessors();
    assert.ok(server !== undefined || availableParallelism() === 1, 'expected taskset to be installed');
    const { helpers, others } = await prioritiesOf(server === undefined ? [] : ['taskset', '-c', server]);
    assert.ok(helpers.length > 0);
    assert.deepEqual(new Set(helpers), new Set([Math.min(getPriority() + 10, 19)]));
    assert.deepEqual(new Set(others), new Set([getPriority()]));
  });

  it('all have the same with more than one', async function () {
    // A machine with one processor has no second one to run on.
    if (availableParallelism() === 1) this.skip();
    const { helpers, others } = await prioritiesOf([]);
    assert.ok(helpers.length > 0);
    assert.deepEqual(new Set([...helpers, ...others]), new Set([getPriority()]));
  });
});
