// Remembers for how long every bundle has been seen to hold a certificate.
import type { Bundle } from './rotation.ts';

/** What all bundles hold, by what was seen so far. */
export type Held = {
  /** Takes what all bundles hold now. */
  readonly observe: (bundles: readonly Bundle[]) => void;
  /** Returns whether anything was seen yet. */
  readonly hasSeen: () => boolean;
  /** Returns whether every bundle held it when they were last seen. With no bundle there is none that does not. */
  readonly isHeld: (cert: string) => boolean;
  /** Returns for how many milliseconds at least they have; 0 where one does not. */
  readonly heldMs: (cert: string) => number;
};

/** Returns a memory of nothing yet. Time is told by a clock that only goes forward, whatever is done to the other one. */
export function createHeld(monotonicMs: () => number): Held {
  let sinceMs = new Map<string, number>();
  let bundleCount: number | undefined;
  const isHeld = (cert: string): boolean => bundleCount === 0 || sinceMs.has(cert);
  return {
    observe: (bundles) => {
      const [first, ...rest] = bundles;
      const common = [...(first?.certs ?? [])].filter((cert) => rest.every(({ certs }) => certs.has(cert)));
      sinceMs = new Map(common.map((cert) => [cert, sinceMs.get(cert) ?? monotonicMs()]));
      bundleCount = bundles.length;
    },
    hasSeen: () => bundleCount !== undefined,
    isHeld,
    heldMs: (cert) => {
      if (bundleCount === 0) return Number.POSITIVE_INFINITY;
      const since = sinceMs.get(cert);
      return since === undefined ? 0 : monotonicMs() - since;
    },
  };
}
