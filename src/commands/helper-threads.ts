// Has the helper threads of V8 give way to the thread that answers, where all of them share one processor.
import { readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

const self = '/proc/self';
/** proc(5): the processors that the process may run on; one number where it is one. */
const oneProcessor = /^Cpus_allowed_list:\s+\d+$/m;
/** As Node names them: `node-V8Worker`, in Node 24 `V8Worker`. */
const helperName = 'V8Worker';
/** Not 19: marking then lasts so long that the process takes 178 MB for 100,000 accounts at first, in place of 154. */
const lessPriority = 10;

/**
 * Lowers the priority of the threads that collect garbage and compile for V8, where the process may run on one processor
 * only. They are four, whatever the machine has: at equal priority they take most of the processor for as long as they mark,
 * and each that is woken may interrupt the thread that woke it. In turn, at 1,000 reviews a second with 100,000 accounts, the
 * 99th percentile was 13.5 ms without this and 3.2 with it (docs/performance.md).
 *
 * A quota of one processor on a machine with more is none: there, helpers run beside the thread that answers. On Linux a
 * priority is of a thread, by its id (setpriority(2), "C library/kernel differences"), and lowering one needs no right.
 * Elsewhere, and where it is refused nevertheless, nothing changes.
 */
export function yieldHelperThreads(): void {
  try {
    if (!oneProcessor.test(readFileSync(`${self}/status`, 'utf8'))) return;
    const nice = Math.min(getPriority() + lessPriority, constants.priority.PRIORITY_LOW);
    for (const id of readdirSync(`${self}/task`)) {
      const name = readFileSync(`${self}/task/${id}/comm`, 'utf8');
      if (name.includes(helperName)) setPriority(Number(id), nice);
    }
  } catch {
    // Only pauses are longer then.
  }
}
