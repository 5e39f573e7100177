// What a process has cost so far, by what Linux tells of it.
import { readdirSync, readFileSync } from 'node:fs';

/** Memory that a process has, and the most that it ever had. */
export type MemoryUse = { readonly residentMegabytes: number; readonly peakMegabytes: number };

/**
 * Returns the microseconds that all threads of a process have run. To the nanosecond where the kernel tells that
 * (Documentation/scheduler/sched-stats.rst, /proc/pid/schedstat), else in ticks of 10 ms (proc(5), /proc/pid/stat).
 */
export function cpuMicrosecondsOf(pid: number): number {
  return nanosecondsOfThreads(pid) / 1000 || ticksOf(pid) * 10_000;
}

/** Returns the resident memory (proc(5), /proc/pid/status). */
export function memoryOf(pid: number): MemoryUse {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  const megabytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  return { residentMegabytes: megabytes('VmRSS'), peakMegabytes: megabytes('VmHWM') };
}

/** 0 where the kernel does not tell. */
function nanosecondsOfThreads(pid: number): number {
  const folder = `/proc/${String(pid)}/task`;
  try {
    return readdirSync(folder)
      .map((thread) => Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ', 1)[0]))
      .reduce((sum, nanoseconds) => sum + nanoseconds, 0);
  } catch {
    return 0;
  }
}

/** User and system time, fields 14 and 15; the second one, the name, may hold spaces. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
