// What the benchmark ran on, and which processor is whose.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/** The machine, without anything that tells whose it is. */
export type Machine = {
  readonly cores: number;
  readonly processor: string;
  readonly node: string;
  /** Whether the server that is measured had a core to which the load had no access. */
  readonly isPinned: boolean;
};

/** The processor for each part; undefined where they cannot be kept apart. */
export type Processors = {
  readonly server: string | undefined;
  readonly load: string | undefined;
  /** The API server's stand-in: a third one where there is one. */
  readonly accounts: string | undefined;
};

/** Shares the processors out, if there are at least two and `taskset` is installed. */
export function shareProcessors(): Processors {
  const [server, load, third] = allowedProcessors();
  const canPin = load !== undefined && spawnSync('taskset', ['--version']).status === 0;
  if (!canPin) return { server: undefined, load: undefined, accounts: undefined };
  return { server, load, accounts: third ?? load };
}

/** Describes the machine. */
export function describeMachine({ server }: Processors): Machine {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    node: process.versions.node,
    isPinned: server !== undefined,
  };
}

/** proc(5), /proc/pid/status: such as `0-1,4`; none where there is no such file. */
function allowedProcessors(): string[] {
  let status: string;
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch {
    return [];
  }
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first = '', last = first] = range.split('-');
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => String(Number(first) + index));
  });
}
