// Scales: from figures to pixels, and the ticks of an axis.

/** An axis that goes up. */
export type Scale = {
  readonly toY: (value: number) => number;
  readonly ticks: readonly number[];
};

/** The lower and the upper end of an axis in pixels; the upper one is the smaller. */
export type Extent = { readonly bottom: number; readonly top: number };

const steps = [1, 2, 5];

/** Returns a scale from 0 to at least `most`, with five to ten ticks. */
export function linearScale(most: number, { bottom, top }: Extent): Scale {
  const step = decades(most / 10, most).find((candidate) => most / candidate <= 10) ?? most;
  const end = Math.ceil(most / step) * step;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step);
  return { ticks, toY: (value) => bottom - (value / end) * (bottom - top) };
}

/** Returns a scale whose steps are factors, from at most `least` to at least `most`, with ticks at 1, 2, 5, 10 and so on. */
export function logScale(least: number, most: number, { bottom, top }: Extent): Scale {
  const all = decades(least / 10, most * 10);
  const first = all.findLast((tick) => tick <= least) ?? least;
  const last = all.find((tick) => tick >= most) ?? most;
  const ticks = all.filter((tick) => tick >= first && tick <= last);
  const span = Math.log(last / first);
  return { ticks, toY: (value) => bottom - (Math.log(value / first) / span) * (bottom - top) };
}

/** 1, 2 and 5 times each power of ten about this range. */
function decades(least: number, most: number): number[] {
  const [from, to] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const powers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return powers.flatMap((power) => steps.map((step) => Number(`${step}e${power}`)));
}
