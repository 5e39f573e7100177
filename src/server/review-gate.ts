// Bounds the reviews that wait for a lookup.

/** Lets so many reviews in at a time. */
export type ReviewGate = {
  /** Returns whether there is room for one more, and counts it if so; who is let in must leave once. */
  readonly enter: () => boolean;
  readonly leave: () => void;
  /** To be called for each that is turned away since there was no room. */
  readonly turnAway: () => void;
  readonly count: () => number;
};

/** Creates the gate of one process. `onShed` is told of each review that is turned away. */
export function createReviewGate(max: number, onShed: () => void): ReviewGate {
  let count = 0;
  return {
    enter: () => {
      if (count >= max) return false;
      count += 1;
      return true;
    },
    leave: () => {
      count -= 1;
    },
    turnAway: onShed,
    count: () => count,
  };
}
