// The figures of a picture: what each panel's queries gave over some minutes, at the same times for all.
import { type Dashboard, fillIn, type Panel } from '../dashboard.ts';
import type { Prometheus, Series } from '../prometheus.ts';

/** A series as it is drawn: its name in the legend, and a value for each time, null where there is none. */
export type Line = { readonly name: string; readonly values: readonly (number | null)[] };

/** What there is to draw. */
export type PictureData = {
  /** Seconds since 1970. */
  readonly start: number;
  readonly stepSeconds: number;
  readonly steps: number;
  readonly panels: readonly { readonly id: number; readonly lines: readonly Line[] }[];
};

/** The times of a picture, and how far back a rate looks. */
export type PictureRange = Pick<PictureData, 'start' | 'stepSeconds' | 'steps'> & { readonly rateInterval: string };

/** Enough to draw, and no more to keep. */
const significantDigits = 4;

/** Asks for everything that a dashboard shows. */
export async function collectData(
  dashboard: Dashboard,
  prometheus: Pick<Prometheus, 'queryRange'>,
  { rateInterval, ...range }: PictureRange,
): Promise<PictureData> {
  const panels: { id: number; lines: Line[] }[] = [];
  for (const { id, targets = [] } of dashboard.panels.filter(isDrawn)) {
    const lines: Line[] = [];
    for (const { expr, legendFormat } of targets) {
      const { start, stepSeconds: step, steps } = range;
      const end = start + step * (steps - 1);
      const list = await prometheus.queryRange(fillIn(expr, rateInterval), { start, end, step });
      lines.push(...list.map((series) => ({ name: nameOf(series, legendFormat), values: valuesOf(series, range) })));
    }
    panels.push({ id, lines });
  }
  return { ...range, panels };
}

/** Returns whether a panel shows figures. */
export function isDrawn({ type }: Panel): boolean {
  return type !== 'row';
}

function nameOf({ labels }: Series, legendFormat: string): string {
  return legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '');
}

function valuesOf(
  { points }: Series,
  { start, stepSeconds, steps }: Omit<PictureRange, 'rateInterval'>,
): Line['values'] {
  const values: (number | null)[] = Array.from({ length: steps }, () => null);
  for (const [atSeconds, value] of points) {
    if (Number.isFinite(value)) {
      values[Math.round((atSeconds - start) / stepSeconds)] = Number(value.toPrecision(significantDigits));
    }
  }
  return values;
}
