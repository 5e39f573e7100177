// Figures as Grafana writes them: by the unit of a panel, in a multiple of it that suits their size.

/** What figures are divided by, and what stands behind them. */
export type Multiple = { readonly divisor: number; readonly suffix: string };

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** From the least to the greatest; one is used from `from` on. */
const multiples: Readonly<Record<string, readonly (Multiple & { readonly from: number })[]>> = {
  s: [
    { from: 0, divisor: 0.001, suffix: ' ms' },
    { from: 1, divisor: 1, suffix: ' s' },
    { from: 3 * minute, divisor: minute, suffix: ' min' },
    { from: 3 * hour, divisor: hour, suffix: ' h' },
    { from: 2 * day, divisor: day, suffix: ' d' },
  ],
  bytes: [{ from: 0, divisor: 2 ** 20, suffix: ' MiB' }],
  reqps: [{ from: 0, divisor: 1, suffix: ' req/s' }],
  cps: [{ from: 0, divisor: 1, suffix: ' c/s' }],
  cpm: [{ from: 0, divisor: 1, suffix: ' c/min' }],
};

/** Returns the multiple of a unit in which `most` is a handy figure. */
export function multipleFor(unit: string, most: number): Multiple {
  return multiples[unit]?.findLast(({ from }) => most >= from) ?? { divisor: 1, suffix: '' };
}

/** Returns a figure without needless digits. */
export function shortFigure(value: number): string {
  return String(Number(value.toPrecision(3)));
}
