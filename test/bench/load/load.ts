// A load of reviews, and what came of it.

/** What to send, and what must come back. */
export type Load = {
  readonly port: number;
  readonly path: string;
  /** Sent in turn; each has a UID of its own. None holds a line break. */
  readonly bodies: readonly string[];
  /** The right answers, in the same order. */
  readonly answers: readonly string[];
  /** Fewer than bodies, so that no two with one UID are under way. */
  readonly connections: number;
  readonly seconds: number;
  /** Undefined: each connection sends as soon as its last review is answered. */
  readonly reviewsPerSecond: number | undefined;
  /** Told when the measured part is about to begin. */
  readonly onBegin: () => void;
};

/** What came of it: all replies were right. */
export type LoadReport = {
  /** All of them. */
  readonly sent: number;
  /** Those of the measured part. */
  readonly measured: number;
  /** From the beginning of the measured part to its last reply. */
  readonly seconds: number;
  /** Of the measured part, in ascending order. */
  readonly latenciesMs: readonly number[];
};

/** Something that makes load. */
export type LoadGenerator = {
  /** With its version. */
  readonly name: string;
  /** Whether it can send at a rate, with latencies from when a review should have been sent. */
  readonly canPace: boolean;
  /** Rejects with a WrongAnswer at a reply that is not the right one, with another error where connections fail. */
  readonly run: (load: Load) => Promise<LoadReport>;
};
