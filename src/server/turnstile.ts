// Lets what waits go on one by one.

/** Has something wait until it is its turn. */
export type Turnstile = (goOn: () => void) => void;

/** Returns a row, of which the first goes on each time that `callLater` calls back. Nothing is called as long as nothing waits. */
export function createTurnstile(callLater: (next: () => void) => unknown): Turnstile {
  const row: (() => void)[] = [];
  const next = (): void => {
    const goOn = row.shift();
    // Before it goes on, so that the row does not end with one that throws.
    if (row.length > 0) callLater(next);
    goOn?.();
  };
  return (goOn) => {
    row.push(goOn);
    if (row.length === 1) callLater(next);
  };
}
