// Gathers things, and hands them on together: a step that is taken now and then costs several times the same step in a row.

/** When things are handed on: at so many, or so long after the first of them. */
export type GatherLimits = { readonly count: number; readonly ageMs: number };

/** Things on their way. */
export type Gathered<Thing> = {
  readonly add: (thing: Thing) => void;
  /** Hands on at once what there is. */
  readonly flush: () => void;
};

/** Returns what gathers for `pass`, in order. Its timer keeps no process alive: who ends it calls flush(). */
export function gather<Thing>(pass: (things: readonly Thing[]) => void, limits: GatherLimits): Gathered<Thing> {
  let things: Thing[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (things.length === 0) return;
    const gathered = things;
    things = [];
    pass(gathered);
  };
  return {
    add: (thing) => {
      things.push(thing);
      if (things.length >= limits.count) flush();
      else timer ??= setTimeout(flush, limits.ageMs).unref();
    },
    flush,
  };
}
