/** Runs many calls of a test, some at a time. */

/** Runs the tasks, at most `concurrency` at a time, and returns their results in order. Rejects with the first fault. */
export async function inParallel<T>(concurrency: number, tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  const rest = [...tasks.entries()];
  const work = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const [index, task] = next;
      results[index] = await task();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return results;
}
