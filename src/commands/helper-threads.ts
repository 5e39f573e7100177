// Has the helper threads of V8 give way to the thread that answers, where all of them share one processor.
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, constants, getPriority, setPriority } from 'node:os';

const threadsFolder = '/proc/self/task';
/** As Node names them: `node-V8Worker`, in Node 24 `V8Worker`. */
const helperName = 'V8Worker';
/** Not 19: marking then lasts so long that the process takes 178 MB for 100,000 accounts at first, in place of 154. */
const lessPriority = 10;

/**
 * Lowers the priority of the threads that mark garbage and compile for V8, where the process has one processor, by its
 * affinity or by the quota of its container. They are four, whatever the machine has: at equal priority they take most of
 * the processor for as long as they mark, and each that is woken may interrupt the thread that woke it. At 1,000 reviews a
 * second with 100,000 accounts the 99th percentile was 13.5 ms, and is 3.2 with this (docs/performance.md).
 *
 * On Linux a priority is of a thread, by its id (setpriority(2), "C library/kernel differences"), and lowering one needs no
 * right. Elsewhere, and where it is forbidden nevertheless, nothing changes.
 */
export function yieldHelperThreads(): void {
  if (availableParallelism() > 1) return;
  try {
    const nice = Math.min(getPriority() + lessPriority, constants.priority.PRIORITY_LOW);
    for (const id of readdirSync(threadsFolder)) {
      const name = readFileSync(`${threadsFolder}/${id}/comm`, 'utf8');
      if (name.includes(helperName)) setPriority(Number(id), nice);
    }
  } catch {
    // Only pauses are longer then.
  }
}
