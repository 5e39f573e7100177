// Bounds the reviews that wait for a lookup.

/** Lets so many reviews in at a time. */
export type ReviewGate = {
  /** Returns whether there is room for one more, and counts it if so; who is let in must leave once. */
  readonly enter: () => boolean;
  readonly leave: () => void;
  readonly count: () => number;
};

/** Creates the gate of one process. `onShed` is told of each review that finds no room. */
export function createReviewGate(max: number, onShed: () => void): ReviewGate {
  let count = 0;
  return {
    enter: () => {
      if (count >= max) {
        onShed();
        return false;
      }
      count += 1;
      return true;
    },
    leave: () => {
      count -= 1;
    },
    count: () => count,
  };
}
