/** Shows on stderr that a long step is still going, and for how long. */

/** Less than this is not worth a line. */
const quietMs = 2_000;
const terminalIntervalMs = 1_000;
/** A log file has no line to overwrite, so it gets fewer. */
const logIntervalMs = 15_000;

/** Returns what `work` returns. Meanwhile, from the third second on, says `label` and the elapsed seconds. */
export async function withProgress<T>(label: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const elapsedSeconds = (): number => Math.round((performance.now() - startedAt) / 1_000);
  const terminal = process.stderr.isTTY;
  const show = (end: string): void => {
    process.stderr.write(`${terminal ? '\r' : ''}${label} … ${elapsedSeconds()} s${end}`);
  };
  const showRunning = (): void => show(terminal ? '' : '\n');
  const first = setTimeout(showRunning, quietMs);
  const next = setInterval(showRunning, terminal ? terminalIntervalMs : logIntervalMs);
  try {
    const result = await work();
    if (performance.now() - startedAt > quietMs) show(', done\n');
    return result;
  } finally {
    clearTimeout(first);
    clearInterval(next);
  }
}
