// The processes of the benchmark, each on its processor, and none of them left behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { projectFolder } from '../program.ts';

/** How to start one. */
export type ChildOptions = {
  /** The processor that it is bound to, if any. */
  readonly processor: string | undefined;
  /** Where its standard error goes: to ours, or to an open file. */
  readonly stderr: 'inherit' | number;
};

/** The processes that were started. */
export type Children = {
  /** Starts a program; its standard output can be read. */
  readonly start: (command: string, args: readonly string[], options: ChildOptions) => ChildProcess;
  /** Ends one at once, and resolves when it has ended. */
  readonly end: (child: ChildProcess) => Promise<void>;
  /** Tells all to end at once; waits for nothing, so that it can be the last thing that a process does. */
  readonly endAll: () => void;
};

/** Returns that there is none yet. */
export function createChildren(): Children {
  const running = new Set<ChildProcess>();
  return {
    start(command, args, { processor, stderr }) {
      // taskset becomes the program, so that the process is the same.
      const [file, ...rest] = processor === undefined ? [command] : ['taskset', '-c', processor, command];
      const child = spawn(file, [...rest, ...args], { cwd: projectFolder, stdio: ['ignore', 'pipe', stderr] });
      running.add(child);
      child.once('exit', () => running.delete(child));
      return child;
    },
    async end(child) {
      if (!running.has(child)) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    endAll() {
      for (const child of running) child.kill('SIGKILL');
    },
  };
}
